"""What people upload: ten hostile files, six ways to reach somebody else's papers, and their end."""

import io
import zipfile
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import override_settings
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from accounts import document_files, documents
from accounts.models import AuditEvent, Document
from portal.key_rotation import rotate_everything
from portal.lib.crypto import key_id
from portal.lib.uploads import UploadRefused
from tests import make

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MARK = b"PLAINTEXT-MARKER"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PORTAL_DOCUMENTS_DIR = tmp_path
    return tmp_path


def store(owner, content, now, name="passport.jpg", **more):
    upload = SimpleUploadedFile(name, content, "image/jpeg")
    return documents.store(owner=owner, purpose=Document.Purpose.IDENTITY, upload=upload, now=now, **more)


def proved(client, user):
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})


def on_disk(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def pdf_with(*, script="", attachment=b"", password=""):
    writer = PdfWriter()
    writer.add_blank_page(200, 300)
    if script:
        action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)
    if attachment:
        writer.add_attachment("eicar.com", attachment)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png_header(width, height):
    """A PNG of some bytes that says it is that large."""
    out = io.BytesIO()
    Image.new("1", (8, 8)).save(out, "PNG")
    raw = bytearray(out.getvalue())
    raw[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    raw[29:33] = zlib.crc32(bytes(raw[12:29])).to_bytes(4, "big")
    return bytes(raw)


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("word/document.xml", b"0" * 10_000_000)
    return out.getvalue()


def picture_with_place():
    picture, out = Image.new("RGB", (400, 300), "teal"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = MARK.decode(), 6  # ImageDescription; turned by a quarter
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    picture.save(out, "JPEG", exif=exif, comment=MARK)
    return out.getvalue()


REFUSED = {
    "SVG with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "50,000 by 50,000 pixels": png_header(50_000, 50_000),
    "4,000 by 4,000 pixels of PNG": png_header(4000, 4000),
    "a bomb of a docx": zipped(),
    "EICAR": EICAR,
    "HTML that begins like a PNG": b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",
    "a locked PDF": pdf_with(password="secret"),
    "half a picture": make.picture()[:200],
    "HEIC": b"\x00\x00\x00\x18ftypheic" + bytes(64),
    "nothing": b"",
}


SHOWN = {
    "HTML behind a picture": make.picture("PNG") + b"<html><script>alert('PLAINTEXT-MARKER')</script>",
    "where it was taken": picture_with_place(),
    "a PDF with a script": pdf_with(script="app.alert('PLAINTEXT-MARKER')"),
    "EICAR in a PDF": pdf_with(attachment=EICAR + MARK),
}
NAMES = ["../../etc/passwd.jpg", "..\\..\\x.jpg", "a\x00b\u202egpj.exe", "<img src=x>.png", ""]


@pytest.mark.slow
def test_hostile_files_that_show_nothing_are_refused_with_a_sentence(subscriber, now, folder):
    for what, content in REFUSED.items():
        with pytest.raises(UploadRefused, match=r"\.$"):
            store(subscriber, content, now)
        assert not Document.objects.exists(), what
    assert on_disk(folder) == b""


@pytest.mark.slow
def test_of_hostile_files_that_show_something_nothing_else_is_kept(subscriber, now, folder):
    kept = {what: documents.opened(store(subscriber, content, now)) for what, content in SHOWN.items()}

    for trace in (MARK, b"script", b"/JS", b"/JavaScript", b"EmbeddedFile", EICAR, b"Exif", b"GPS"):
        assert [what for what, content in kept.items() if trace in content] == []
    with Image.open(io.BytesIO(kept["where it was taken"])) as picture:
        assert not picture.getexif()
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert picture.width < picture.height, "it is upright"
    assert len(PdfReader(io.BytesIO(kept["a PDF with a script"])).pages) == 1
    on_the_disk = on_disk(folder)
    assert all(sign not in on_the_disk for sign in (MARK, b"%PDF", b"JFIF", *(one[:64] for one in kept.values())))


def test_a_name_is_shown_and_nothing_else(subscriber, now, folder):
    for name in NAMES:
        upload = SimpleUploadedFile("x", make.picture())
        upload._name = name

        document = documents.store(owner=subscriber, purpose=Document.Purpose.TICKET, upload=upload, now=now)

        assert not {"/", "\\", "\x00", "\u202e"} & set(document.name)
        assert document.name.endswith(".jpg")
    assert {path.name for path in folder.glob("*/*")} == set(Document.objects.values_list("stored_as", flat=True))


def test_only_the_owner_who_proved_it_and_only_while_it_is_kept(client, subscriber, stranger, now, folder):
    document = store(subscriber, make.picture(), now)
    address = reverse("accounts:document", args=[document.public_id])
    answers = {}

    proved(client, stranger)
    answers["stranger"] = client.get(address)
    proved(client, subscriber)
    answers["owner"] = client.get(address)
    answers["guessed"] = client.get(reverse("accounts:document", args=["doc_0000000000000000"]))
    client.logout()
    client.force_login(subscriber)  # without any proof
    answers["proof too old"] = client.get(address)
    client.force_login(make.make_user(email="kim@example.com", is_staff=True, is_superuser=True))
    answers["staff without a reason"] = client.get(address)
    proved(client, subscriber)
    type(subscriber).objects.update(locked_at=now)
    answers["locked"] = client.get(address)
    type(subscriber).objects.update(locked_at=None)
    documents.erase(document, now=now)
    answers["erased"] = client.get(address)

    assert {who: answer.status_code for who, answer in answers.items()} == {
        "stranger": 404,
        "owner": 200,
        "guessed": 404,
        "proof too old": 302,
        "staff without a reason": 404,
        "locked": 423,
        "erased": 404,
    }
    headers = answers["owner"].headers
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in headers["Cache-Control"]


def test_when_its_time_is_over_key_and_file_go_and_the_row_stays(
    subscriber, now, folder, django_capture_on_commit_callbacks
):
    due, kept = (store(subscriber, make.picture(), now, erase_at=now + timedelta(days=days)) for days in (1, 3))
    with django_capture_on_commit_callbacks(execute=True):
        call_command("erase_documents", at=now + timedelta(days=2), verbosity=0)

    due.refresh_from_db()
    assert (due.erased_at, due.data_key_ciphertext, due.name) == (now + timedelta(days=2), "", "")
    assert [path.name for path in folder.glob("*/*")] == [kept.stored_as]
    assert AuditEvent.objects.filter(action="document.erased", target=due.public_id).count() == 1
    with pytest.raises(document_files.FileLost):
        documents.opened(due)


def test_a_file_without_a_row_goes_and_one_being_written_stays(subscriber, now, folder):
    kept = store(subscriber, make.picture(), now)
    make_stray = folder / "aa" / ("a" * 48)
    make_stray.parent.mkdir(exist_ok=True)
    make_stray.write_bytes(b"x")

    assert document_files.remove_strays(older_than_seconds=60) == 0
    assert document_files.remove_strays(older_than_seconds=-60) == 1
    assert documents.opened(kept)


def test_a_new_key_of_the_portal_wraps_the_keys_of_files_anew(subscriber, now, settings):
    old, new = make.encryption_key("old"), make.encryption_key("new")
    settings.PORTAL_ENCRYPTION_KEYS = [old]
    document = store(subscriber, make.picture(), now)
    before = documents.opened(document)

    settings.PORTAL_ENCRYPTION_KEYS = [new, old]
    rotate_everything()
    settings.PORTAL_ENCRYPTION_KEYS = [new]
    document.refresh_from_db()

    assert key_id(document.data_key_ciphertext) == "new"
    assert documents.opened(document) == before


def test_a_file_in_the_place_of_another_is_not_read(subscriber, now, folder):
    one, other = (store(subscriber, make.picture(), now) for _ in range(2))
    document_files._path(one.stored_as).write_bytes(document_files._path(other.stored_as).read_bytes())

    with pytest.raises(document_files.FileLost):
        documents.opened(one)


def test_a_disk_that_is_full_is_a_sentence(subscriber, now, folder):
    (folder / "full").write_bytes(b"")
    with override_settings(PORTAL_DOCUMENTS_DIR=folder / "full"), pytest.raises(UploadRefused):
        store(subscriber, make.picture(), now)
    assert not Document.objects.exists()


def test_somebody_who_sends_file_after_file_has_to_wait(subscriber, now, monkeypatch):
    monkeypatch.setattr(documents, "MOST_A_DAY", 1)
    store(subscriber, make.picture(), now)

    with pytest.raises(UploadRefused):
        store(subscriber, make.picture(), now)
    assert store(subscriber, make.picture(), now + timedelta(days=1, minutes=1))
