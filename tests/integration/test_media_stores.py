"""Where the bytes of media lie: the same promises of a folder and of a bucket, over real HTTP."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from newsletter import media_places
from newsletter.issues.media_stores import FolderStore, NotStored, Store, StoreAway, StoreFull, open_store
from newsletter.media_places import BucketPlace, FolderPlace, MediaPlaceInvalid

KEY = f"{'ab' * 32}.jpg"
BYTES = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server of our own; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str) -> Store:
    store = open_store(media_places.parse(f"s3://newsletter/media?endpoint={s3}&region=us-east-1"), "key", "secret")
    store._client.create_bucket(Bucket="newsletter")  # type: ignore[attr-defined]  # noqa: SLF001 - as an operator does
    return store


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "bucket":
        return request.getfixturevalue("bucket")  # type: ignore[no-any-return]
    return open_store(media_places.parse(f"folder://{tmp_path}/media"))


def test_what_is_stored_comes_out_byte_for_byte_until_it_is_removed(store: Store) -> None:
    store.put(KEY, BYTES, "image/jpeg")
    store.put(KEY, BYTES, "image/jpeg")
    stored = store.open(KEY)
    assert (stored.size_bytes, b"".join(stored.pieces)) == (len(BYTES), BYTES)
    store.open(KEY).close()
    store.remove(KEY)
    store.remove(KEY)
    with pytest.raises(NotStored):
        store.open(KEY)


def test_a_bucket_knows_what_kind_a_file_is_and_keeps_it_below_its_prefix(bucket: Store) -> None:
    bucket.put(KEY, BYTES, "image/jpeg")
    head = bucket._client.head_object(Bucket="newsletter", Key=f"media/{KEY}")  # type: ignore[attr-defined]  # noqa: SLF001
    assert head["ContentType"] == "image/jpeg"
    bucket.remove(KEY)


def test_a_bucket_that_is_not_there_is_one_sentence(s3: str) -> None:
    store = open_store(media_places.parse(f"s3://elsewhere?endpoint={s3}"), "key", "secret")
    with pytest.raises(StoreAway, match=r"The bucket elsewhere cannot be used: .* Nothing is lost"):
        store.put(KEY, BYTES, "image/jpeg")


def test_a_service_that_does_not_answer_is_one_sentence() -> None:
    store = open_store(BucketPlace("newsletter", "", "http://127.0.0.1:9", ""), "key", "secret")
    with pytest.raises(StoreAway, match="cannot be used"):
        store.open(KEY)


def test_without_the_extra_a_bucket_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Exception, match=r"pip install 'newsletter\[s3\]'"):
        open_store(BucketPlace("newsletter", "", "", "eu-west-1"))


def test_a_folder_holds_whole_files_only_and_everybody_may_read_them(tmp_path: Path) -> None:
    FolderStore(tmp_path / "media").put(KEY, BYTES, "image/jpeg")
    files = list((tmp_path / "media").iterdir())
    assert [file.name for file in files] == [KEY]
    assert files[0].stat().st_mode & 0o777 == 0o644


def test_a_file_that_was_cut_short_by_something_else_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / KEY).write_bytes(b"half")
    store = FolderStore(tmp_path)
    store.put(KEY, BYTES, "image/jpeg")
    assert b"".join(store.open(KEY).pieces) == BYTES


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "media" / KEY).mkdir(parents=True)
    store = FolderStore(tmp_path / "media")
    with pytest.raises(StoreFull, match="could not be stored"):
        FolderStore(tmp_path / "file").put(KEY, BYTES, "image/jpeg")
    for step in (store.open, store.remove):
        with pytest.raises(StoreAway):
            step(KEY)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("folder:var/media", FolderPlace(Path("var/media"))),
        ("folder:///srv/our%20media", FolderPlace(Path("/srv/our media"))),
        ("s3://newsletter", BucketPlace("newsletter", "", "", "")),
        (
            "s3://newsletter/a/b/?endpoint=https://s3.example.org:9000&region=eu-west-1",
            BucketPlace("newsletter", "a/b/", "https://s3.example.org:9000", "eu-west-1"),
        ),
    ],
)
def test_a_place_is_read_as_it_is_written(text: str, place: object) -> None:
    assert media_places.parse(text) == place


@pytest.mark.parametrize(
    "text",
    ["", "var/media", "folder:", "folder://host/x", "s3:///x", "s3://b?endpoint=ftp://x", "s3://b?x=1", "s3://[b"],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(MediaPlaceInvalid, match=r"folder:var/media|https://"):
        media_places.parse(text)
