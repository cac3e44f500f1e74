"""Only bare pixels survive; what is covered is gone."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, PngImagePlugin
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from auscult.community.actions.cases import publish_case
from auscult.community.actions.drafts import save_draft
from auscult.community.actions.pictures import (
    CannotAddPicture,
    CannotTakePictures,
    add_picture,
    cover_picture,
    remove_picture,
)
from auscult.community.models import Draft, Picture, Posting
from auscult.community.pictures import Box, CannotTakePicture, burn_boxes, clean_picture, find_faces, find_text_regions
from auscult.shared.refusals import Conflict, NotFound

SECRET = b"Eleanor"


def image(size=(640, 480), mode="RGB"):
    rng = np.random.default_rng(7)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8), "RGB").convert(mode)


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_exif(picture, orientation=1):
    exif = picture.getexif()
    exif[0x0112], exif[0x010E], exif[0x9003] = orientation, "Eleanor Vance", "2009:03:03 10:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    return saved(picture, "JPEG", exif=exif, comment=b"Eleanor", quality=95)


def dicom(photometric="MONOCHROME2"):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    record = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    record.PatientName, record.PatientID = "Eleanor^Vance", "448291"
    record.Rows, record.Columns, record.SamplesPerPixel = 64, 96, 1
    record.PhotometricInterpretation = photometric
    record.BitsAllocated, record.BitsStored, record.HighBit, record.PixelRepresentation = 16, 16, 15, 0
    ramp = np.tile(np.linspace(0, 4000, 96).astype(np.uint16), (64, 1))
    record.PixelData = ramp.tobytes()
    out = io.BytesIO()
    pydicom.dcmwrite(out, record, enforce_file_format=True)
    return out.getvalue()


def test_nothing_but_pixels_survives():
    text = PngImagePlugin.PngInfo()
    text.add_text("Patient", "Eleanor Vance")
    for data in (with_exif(image()), saved(image(), "PNG", pnginfo=text), dicom()):
        assert SECRET in data
        picture = clean_picture(data)
        assert SECRET not in picture.data + picture.thumbnail
        opened = Image.open(io.BytesIO(picture.data))
        assert not len(opened.getexif())
        assert set(opened.info) <= {"loop", "background", "timestamp", "duration"}
        assert picture.removed
        assert max(Image.open(io.BytesIO(picture.thumbnail)).size) <= 480


def test_the_orientation_is_applied_before_it_is_forgotten():
    picture = clean_picture(with_exif(image((300, 200)), orientation=6))
    assert (picture.width, picture.height) == (200, 300)


@pytest.mark.parametrize(("mode", "kind"), [
    ("RGB", "BMP"), ("P", "GIF"), ("CMYK", "JPEG"), ("RGBA", "PNG"), ("LA", "PNG"), ("L", "TIFF"), ("RGB", "WEBP"),
])  # fmt: skip
def test_kinds_of_pictures_that_are_taken(mode, kind):
    picture = clean_picture(saved(image((50, 40), mode), kind))
    assert (picture.width, picture.height, picture.media_type) == (50, 40, "image/webp")


def test_sixteen_bits_and_both_kinds_of_dicom_become_a_ramp():
    deep = Image.fromarray(np.tile(np.linspace(0, 60000, 96).astype(np.uint16), (64, 1)))
    for data, rising in ((saved(deep, "PNG"), True), (dicom(), True), (dicom("MONOCHROME1"), False)):
        row = np.asarray(Image.open(io.BytesIO(clean_picture(data).data)).convert("L"))[32].astype(int)
        assert (row[-5] - row[5]) * (1 if rising else -1) > 180


@pytest.mark.parametrize(("data", "why"), [
    (b"no picture", "broken"), (b"", "broken"), (b"\0" * 128 + b"DICM rest", "DICOM"), (b"x" * (13 * 2**20), "12 MB"),
])  # fmt: skip
def test_files_that_are_refused(data, why):
    with pytest.raises(CannotTakePicture, match=why):
        clean_picture(data)


def test_broken_and_enormous_pictures_are_refused():
    whole = saved(image(), "PNG")
    with pytest.raises(CannotTakePicture, match="broken"):
        clean_picture(whole[: len(whole) // 3])
    with pytest.raises(CannotTakePicture, match="40 megapixels"):
        clean_picture(saved(Image.new("L", (9000, 9000)), "PNG"))


def test_what_is_covered_is_black_and_what_is_blurred_is_a_few_means():
    picture = clean_picture(saved(image((400, 400)), "PNG"))
    box = Box(0.25, 0.25, 0.5, 0.5)
    black = np.asarray(Image.open(io.BytesIO(burn_boxes(picture.data, [box], how="cover").data)))
    assert black[110:290, 110:290].max() < 12
    blurred = np.asarray(Image.open(io.BytesIO(burn_boxes(picture.data, [box], how="blur").data))).astype(int)
    cells = blurred[104:296, 104:296].reshape(192, 192, 3)
    # Noise had a deviation of 74 in each block; of its means little is left, and between blocks nothing.
    assert cells.std() < 12
    for wrong in (Box(0, 0, 0, 1), Box(5, 0, 1, 1), Box(float("nan"), 0, 1, 1), Box(1, 1, 1, 1)):
        with pytest.raises(CannotTakePicture, match="outside"):
            burn_boxes(picture.data, [wrong], how="cover")


def test_lettering_is_offered_and_an_empty_picture_offers_nothing():
    plain = Image.new("L", (800, 600), 20)
    assert find_text_regions(saved(plain, "PNG")) == []
    assert find_faces(saved(plain, "PNG")) == []
    ImageDraw.Draw(plain).text((30, 30), "VANCE ELEANOR 448291", fill=255, font_size=28)
    boxes = find_text_regions(saved(plain, "PNG"))
    assert boxes
    assert all(box.left < 0.6 and box.top < 0.2 for box in boxes)


# The mean of a hundred faces (bench/faces.py says which): nobody's.
AVERAGE_FACE = Path(__file__).with_name("average_face.png")


@pytest.mark.parametrize("turn", [0, 35, 90, 180, 250])
def test_a_face_is_offered_however_it_is_turned_and_the_box_covers_it(turn):
    face = Image.open(AVERAGE_FACE).resize((80, 80), Image.Resampling.BICUBIC)
    ground = Image.new("L", (450, 300), 120)
    ground.paste(face, (260, 120))
    middle, side = (300, 160), 48  # of eyes, nose and mouth
    picture = ground.rotate(turn, Image.Resampling.BICUBIC, center=middle, fillcolor=120)
    (box,) = find_faces(saved(picture, "PNG"))
    assert box.left * 450 < middle[0] - side / 2 < middle[0] + side / 2 < (box.left + box.width) * 450
    assert box.top * 300 < middle[1] - side / 2 < middle[1] + side / 2 < (box.top + box.height) * 300
    assert box.width * 450 < 2.5 * side


def test_faces_are_offered_in_a_large_photograph_and_on_its_edge():
    face = Image.open(AVERAGE_FACE).resize((160, 160), Image.Resampling.BICUBIC)
    ground = Image.new("L", (2400, 1800), 120)
    for place in ((40, 40), (1200, 900), (2200, 1600)):
        ground.paste(face.rotate(0 if place[0] < 2000 else 90), place)
    boxes = sorted(find_faces(saved(ground, "PNG")), key=lambda box: box.left)
    assert [(round(4 * (box.left + box.width / 2)), round(4 * (box.top + box.height / 2))) for box in boxes] == [
        (0, 0), (2, 2), (4, 4)
    ]  # fmt: skip


@pytest.fixture
def draft(make_member, topics, now):
    author = make_member()
    fields = {"title": "A rash", "body": "On both hands.", "topic": "health-reform", "case_state": "unsolved"}
    number = save_draft(standing=author, now=now, draft_id=None, kind="case", posting_id=None, parent=0, fields=fields)
    return author, number


@pytest.mark.django_db
def test_a_picture_goes_with_its_case_once_what_was_found_is_answered(draft, make_member, now, client):
    from auscult.members.models import Account

    author, number = draft
    lettered = Image.new("L", (800, 600), 20)
    ImageDraw.Draw(lettered).text((30, 30), "VANCE ELEANOR 448291", fill=255, font_size=28)
    picture = add_picture(
        standing=author, now=now, draft_id=number, data=saved(lettered, "PNG"), description="Both hands"
    )
    assert picture.offered
    with pytest.raises(CannotTakePictures, match="pictures"):
        publish_case(standing=author, now=now, draft_id=number)
    cover = {"standing": author, "now": now, "public_id": str(picture.public_id), "blurred": []}
    with pytest.raises(CannotAddPicture, match="few words"):
        cover_picture(**cover, boxes=[], reason="")
    address = f"/pictures/{picture.public_id}/"
    reader = make_member(until=now.replace(year=2100))
    client.force_login(Account.objects.get(member=reader.member_id))
    assert client.get(address).status_code == 404
    with pytest.raises(NotFound):
        cover_picture(**cover | {"standing": reader}, boxes=[Box(0, 0, 1, 1)], reason="")
    cover_picture(**cover, boxes=[Box(**each) for each in picture.offered], reason="")
    posting = publish_case(standing=author, now=now, draft_id=number)
    assert client.get(address)["Content-Type"] == "image/webp"
    assert Picture.objects.get().posting_id == posting.pk
    client.logout()
    assert client.get(address).status_code in {302, 403}


class TestPublishedPicture:
    @pytest.fixture
    def published(self, draft, now):
        author, number = draft
        for shade in (90, 120):
            data = saved(Image.new("L", (400, 300), shade), "PNG")
            add_picture(standing=author, now=now, draft_id=number, data=data, description="A hand")
        return author, publish_case(standing=author, now=now, draft_id=number)

    def test_can_be_covered_and_taken_out_by_its_author(self, published, client, now):
        from auscult.members.models import Account

        author, posting = published
        first, second = Picture.objects.order_by("pk")
        client.force_login(Account.objects.get(member=author.member_id))
        assert f"/postings/{posting.pk}/pictures" in client.get(f"/postings/{posting.pk}/edit").content.decode()
        page = client.get(f"/postings/{posting.pk}/pictures")
        assert page.status_code == 200
        assert b"cannot be brought back" in page.content
        assert b'type="file"' not in page.content
        cover = f"/pictures/{first.public_id}/cover"
        refused = client.post(cover, {"boxes": "[]", "reason": "long enough, but no box"})
        assert refused.status_code == 400
        assert b"Draw a box" in refused.content
        whole = '[{"left": 0, "top": 0, "width": 1, "height": 1}]'
        assert client.post(cover, {"boxes": whole})["Location"] == f"/postings/{posting.pk}/pictures"
        seen = Image.open(io.BytesIO(client.get(f"/pictures/{first.public_id}/").content))
        small = Image.open(io.BytesIO(client.get(f"/pictures/{first.public_id}/?small=1").content))
        assert np.asarray(seen).max() < 12
        assert np.asarray(small).max() < 12
        client.post(f"/pictures/{second.public_id}/cover", {"do": "remove"})
        assert client.get(f"/pictures/{second.public_id}/").status_code == 404
        changed = Posting.objects.get(pk=posting.pk)
        assert (changed.picture_count, changed.edited_at is not None) == (1, True)
        client.post(f"/pictures/{first.public_id}/cover", {"do": "remove"})
        page = client.get(f"/postings/{posting.pk}/pictures").content.decode()
        assert "None any more." in page

    def test_of_somebody_else_or_of_what_was_taken_down_stays(self, published, make_member, client, now):
        from auscult.members.models import Account

        author, posting = published
        picture = Picture.objects.first()
        act = {"now": now, "public_id": str(picture.public_id)}
        with pytest.raises(NotFound):
            remove_picture(standing=make_member(), **act)
        client.force_login(Account.objects.get(member=make_member(until=now.replace(year=2100)).member_id))
        assert client.get(f"/postings/{posting.pk}/pictures").status_code == 404
        Posting.objects.filter(pk=posting.pk).update(state="hidden")
        with pytest.raises(Conflict):
            remove_picture(standing=author, **act)
        with pytest.raises(Conflict):
            cover_picture(standing=author, **act, boxes=[Box(0, 0, 1, 1)], blurred=[], reason="")
        assert Picture.objects.count() == 2


class TestPictureOfAnOrdinaryPosting:
    @pytest.fixture
    def author(self, make_member, now, client, topics):
        from auscult.members.models import Account

        author = make_member(handle="lamp", until=now.replace(year=2100))
        client.force_login(Account.objects.get(member=author.member_id))
        return author

    def test_is_added_on_the_way_answered_and_goes_with_it(self, author, client, now):
        topic = Posting._meta.get_field("topic").related_model.objects.first().slug
        words = {"title": "A figure of ours", "body": "See below.", "topic": topic, "choices": "Yes\nNo"}
        page = client.post("/postings/new", words | {"do": "pictures"})
        draft = Draft.objects.get()
        assert page.status_code == 302
        assert page["Location"] == f"/postings/drafts/{draft.pk}/pictures"
        assert draft.fields.items() >= words.items()
        lettered = Image.new("L", (800, 600), 20)
        ImageDraw.Draw(lettered).text((30, 30), "VANCE ELEANOR 448291", fill=255, font_size=28)
        file = io.BytesIO(saved(lettered, "PNG"))
        file.name = "figure.png"
        added = client.post(page["Location"], {"picture": file, "description": "Our figure"}, follow=True)
        assert b"look like a face or lettering" in added.content or b"looks like a face or lettering" in added.content
        picture = Picture.objects.get()
        form = client.get(f"/postings/new?draft={draft.pk}").content.decode()
        assert "Waits for your look" in form
        assert "See below." in form
        words["choices"] = ""
        refused = client.post("/postings/new", words | {"draft": draft.pk})
        assert refused.status_code == 400
        assert "Look at the pictures" in refused.content.decode()
        assert not Posting.objects.exists()
        covered = client.post(f"/pictures/{picture.public_id}/cover", {"boxes": "[]", "reason": "Lettering of ours"})
        assert covered["Location"] == f"/postings/drafts/{draft.pk}/pictures#pictures"
        done = client.post("/postings/new", words | {"draft": draft.pk}, follow=True)
        assert f"/pictures/{picture.public_id}/?small=1" in done.content.decode()
        assert not Draft.objects.exists()
        assert Posting.objects.get().picture_count == 1

    def test_words_are_not_lost_with_a_draft_that_is_gone(self, author, client):
        topic = Posting._meta.get_field("topic").related_model.objects.first().slug
        sent = {"title": "Still here", "body": "My words.", "topic": topic, "draft": "999"}
        assert client.post("/postings/new", sent).status_code == 302
        assert Posting.objects.get().body == "My words."

    def test_of_somebody_elses_draft_is_not_there(self, author, client, draft, now):
        _, number = draft
        assert client.get(f"/postings/drafts/{number}/pictures").status_code == 404
        assert client.post(f"/postings/drafts/{number}/pictures", {}).status_code == 404
