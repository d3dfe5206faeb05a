"""Media in a bucket of an S3-compatible service; only loaded where the settings name one."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from newsletter.errors import NewsletterError
from newsletter.media_places import BucketPlace

from .media_stores import PIECE_BYTES, NotStored, StoreAway, Stored

_CONNECT_SECONDS = 5
_READ_SECONDS = 30
_TRIES = 3
_ABSENT = ("NoSuchKey", "404", "NotFound")
_ANY_REGION = "us-east-1"


class S3NotInstalled(NewsletterError):
    """Media in a bucket need boto3, which is not installed. Run: pip install 'newsletter[s3]' and try again."""


class BucketStore:
    """One object a key."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    @classmethod
    def at(cls, place: BucketPlace, key: str, secret: str) -> "BucketStore":
        """The store at a place. Without a key, boto3 looks where it always does. Raises `S3NotInstalled`."""
        return cls(_client(place, key, secret), place.bucket, place.prefix)

    def put(self, key: str, content: bytes, content_type: str) -> None:
        """As `Store.put`: an object appears whole, or not at all."""
        with self._spoken_of():
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content, ContentType=content_type)

    def open(self, key: str) -> Stored:
        """As `Store.open`."""
        with self._spoken_of():
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        return Stored(found["ContentLength"], _pieces(found["Body"]), found["Body"].close)

    def remove(self, key: str) -> None:
        """As `Store.remove`."""
        with self._spoken_of():
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    @contextmanager
    def _spoken_of(self) -> Iterator[None]:
        """Turn what the service, or the way to it, has to say into our sentences."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - of the extra

        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _ABSENT:
                raise NotStored from error
            raise self._away(error) from error
        except BotoCoreError as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> StoreAway:
        return StoreAway(
            f"The bucket {self._bucket} cannot be used: {str(error).rstrip('.')}. "
            "Nothing is lost: see NEWSLETTER_MEDIA, and try again."
        )


def _client(place: BucketPlace, key: str, secret: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - an extra
        from botocore.config import Config  # noqa: PLC0415 - of the same extra
    except ImportError as error:
        raise S3NotInstalled from error
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        s3={"addressing_style": "path"} if place.endpoint else {},
        # Not every compatible service knows the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=place.endpoint or None,
        region_name=place.region or (_ANY_REGION if place.endpoint else None),
        aws_access_key_id=key or None,
        aws_secret_access_key=secret or None,
        config=config,
    )


def _pieces(body: Any) -> Iterator[bytes]:
    with closing(body):
        yield from body.iter_chunks(PIECE_BYTES)
