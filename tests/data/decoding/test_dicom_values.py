"""How DICOM's greys are scaled and shown, against values worked out by hand and by pydicom."""

import numpy as np
import pytest

pytest.importorskip("pydicom")

from pydicom.dataset import Dataset
from pydicom.pixels import apply_windowing

from bench.data.decoding.dicom_values import scaled, shown_values, slope_of
from tests.data.decoding.dicom_files import dataset

CT = np.array([[0, 1000, 1040, 1100, 1240, 3000]], dtype=np.uint16)
HU = {"RescaleSlope": 1, "RescaleIntercept": -1000}


def test_slope_and_intercept_are_applied():
    header = dataset(CT, RescaleSlope=2, RescaleIntercept=-1024)
    assert scaled(CT, header).tolist() == [[-1024, 976, 1056, 1176, 1456, 4976]]
    assert slope_of(header) == (2, -1024)
    assert scaled(CT, dataset(CT)) is CT


def test_a_lookup_table_of_the_modality_is_applied():
    table = Dataset()
    table.LUTDescriptor, table.LUTData, table.ModalityLUTType = [4, 0, 16], [10, 20, 30, 40], "US"
    stored = np.array([[0, 1, 2, 3, 9]], dtype=np.uint16)
    header = dataset(stored, ModalityLUTSequence=[table])
    assert scaled(stored, header).tolist() == [[10, 20, 30, 40, 40]]


def test_the_window_is_in_the_unit_of_the_modality():
    shown = shown_values(CT, dataset(CT, WindowCenter=40, WindowWidth=400, **HU))
    assert shown.dtype == np.uint8
    assert shown.tolist() == [[0, 102, 128, 166, 255, 255]]
    assert shown[0, 1] == round(((0 - 39.5) / 399 + 0.5) * 255)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(("centre", "width"), [(1000, 300), (0, 1), (1040.5, 17.25)])
def test_windows_agree_with_pydicom(function, centre, width):
    header = dataset(CT, WindowCenter=centre, WindowWidth=width, VOILUTFunction=function)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        theirs = apply_windowing(CT, header) * (255 / 65535)
    assert np.abs(shown_values(CT, header) - theirs).max() <= 0.51


def test_the_first_of_several_windows_counts():
    both = dataset(CT, WindowCenter=[40, 500], WindowWidth=[400, 2000], **HU)
    one = dataset(CT, WindowCenter=40, WindowWidth=400, **HU)
    assert shown_values(CT, both).tolist() == shown_values(CT, one).tolist()


@pytest.mark.parametrize("width", [0, -5, 0.5])
def test_a_window_that_places_no_values_is_none(width):
    header = dataset(CT, WindowCenter=40, WindowWidth=width)
    assert shown_values(CT, header).tolist() == CT.tolist()


def test_a_lookup_table_for_display_comes_before_the_window():
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [3, 0, 8], [0, 51, 255]
    stored = np.array([[0, 1, 2]], dtype=np.uint16)
    header = dataset(stored, VOILUTSequence=[table], WindowCenter=1, WindowWidth=1)
    assert shown_values(stored, header).tolist() == [[0, 51, 255]]


def test_the_other_end_is_bright_in_monochrome1():
    inverted = {"PhotometricInterpretation": "MONOCHROME1"}
    header = dataset(CT, WindowCenter=40, WindowWidth=400, **HU, **inverted)
    assert shown_values(CT, header).tolist() == [[255, 153, 127, 89, 0, 0]]
    assert shown_values(CT, dataset(CT, **inverted)).tolist() == (-CT.astype(float)).tolist()
    bytes_ = np.array([[0, 200]], dtype=np.uint8)
    assert shown_values(bytes_, dataset(bytes_, **inverted)).tolist() == [[255, 55]]


def test_padding_is_dark():
    stored = np.array([[-2000, 0, 100, 300]], dtype=np.int16)
    pad = {"PixelPaddingValue": -2000}
    assert shown_values(stored, dataset(stored, **pad)).tolist() == [[0, 0, 100, 300]]
    inverted = dataset(stored, PhotometricInterpretation="MONOCHROME1", WindowCenter=100, WindowWidth=201, **pad)
    assert shown_values(stored, inverted)[0, 0] == 0
    only = np.full((1, 2), -2000, dtype=np.int16)
    assert shown_values(only, dataset(only, **pad)).tolist() == only.tolist()
    limits = dataset(stored, PixelPaddingRangeLimit=-1, **pad)
    assert shown_values(stored, limits).tolist() == [[0, 0, 100, 300]]
