"""Which cases weights saw: by data set, by the name of a file, by content, and never by a name that several have."""

from bench.data.dataset import read_data
from bench.data.published.known import find_past
from bench.data.published.past import Past, SeenList, list_of, seen_cases
from tasks.brats import BRATS
from tasks.mmwhs_ct import MMWHS_CT
from tests.data.published.made_up import data_of

KEY = "0123456789abcdef" * 4


def past_of(text, data_set=""):
    return Past("", lists=(list_of("list", text, data_set),))


def test_names_of_any_form_and_place():
    data = data_of(["images/ISIC_0024763.jpg", "images/ISIC_0000001.jpg", "scan-7/image.nii.gz"])
    found = seen_cases(data, past_of("# a comment\n\nelsewhere/isic_0024763.PNG\nscan-7\n"), {})
    assert found == {"images/ISIC_0024763.jpg": "list", "scan-7/image.nii.gz": "list"}


def test_a_name_that_several_cases_have_tells_none():
    data = data_of(["a/image.png", "b/image.png", "b/x.png"])
    assert seen_cases(data, past_of("image.png"), {}) == {}


def test_contents():
    data = data_of(["a.png", "b.png"])
    assert seen_cases(data, past_of(f"{KEY}\n"), {"a.png": KEY, "b.png": "f" * 64}) == {"a.png": "list"}


def test_a_list_may_be_of_one_data_set_and_a_data_set_is_seen_whole():
    data = data_of(["0001.png"], "own")
    assert seen_cases(data, past_of("0001.png", "other"), {}) == {}
    assert seen_cases(data, past_of("0001.png", "own"), {}) == {"0001.png": "list"}
    assert seen_cases(data, Past("", ("own",)), {}) == {"0001.png": "own"}


def test_the_fingerprint_is_of_what_is_compared():
    one = past_of("a\nb")
    assert one.fingerprint == Past("otherwise said", lists=(list_of("list", "b.png\na"),)).fingerprint
    assert len({one.fingerprint, past_of("a").fingerprint, past_of("a\nb", "own").fingerprint}) == 3
    assert Past("", ("x",)).fingerprint != Past("", (), (SeenList("x"),)).fingerprint


def test_names_of_the_lists_mark_the_right_cases_and_no_others():
    lvmmed = find_past("lvmmed").past
    names = [
        "ISIC_0024763.jpg",
        "ISIC_0012103.jpg",
        "ISIC_9999999.jpg",
        "9043e39c8e52843751e7cc9edc2c02e6.png",
        "014508ccb9cb.png",
    ]
    names += ["esophagitis/0339a2f7-65bb-41fb-8650-e119670b4e2e.jpg", "00003e63-6ee6-4251-9879-8a27856179db.jpg"]
    assert seen_cases(data_of(names), lvmmed, {}) == {
        "ISIC_0024763.jpg": "ISIC 2019",
        "ISIC_0012103.jpg": "ISIC 2019",
        "9043e39c8e52843751e7cc9edc2c02e6.png": "VinBigData (VinDr-CXR)",
        "014508ccb9cb.png": "APTOS 2019",
        "esophagitis/0339a2f7-65bb-41fb-8650-e119670b4e2e.jpg": "Kvasir",
        "00003e63-6ee6-4251-9879-8a27856179db.jpg": "HyperKvasir",
    }


def test_phantoms_are_marked_where_their_names_are_those_of_a_list(segmentation_root):
    lvmmed = find_past("lvmmed").past
    found = seen_cases(read_data(MMWHS_CT, segmentation_root), lvmmed, {})
    assert found == {f"ct_train/ct_train_{n}_image.nii.gz": "MM-WHS (CT)" for n in (1005, 1008, 1009)}
    brats = read_data(BRATS, segmentation_root)
    assert seen_cases(brats, lvmmed, {}) == {}, "these are made up and of no patient"
    own = data_of(["HGG/BraTS19_CBICA_ANZ_1/BraTS19_CBICA_ANZ_1_flair.nii.gz", "HGG/BraTS19_X_1/BraTS19_X_1.nii.gz"])
    assert list(seen_cases(own, lvmmed, {}).values()) == ["BraTS 2018"]
