"""`bench pretrain` on the command line; what it does is tested in tests/runs/pretraining."""


def test_help_says_what_it_takes_and_shows_examples(bench):
    done = bench("pretrain", "--help")
    assert done.code == 0
    for word in ("--images", "--out", "--method", "--backbone", "--set", "pretrain.init="):
        assert word in done.out


def test_a_method_and_images_are_required(bench):
    done = bench("pretrain", "--method", "simclr")
    assert (done.code, "--images" in done.err) == (2, True)
