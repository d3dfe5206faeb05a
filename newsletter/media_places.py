"""Where the bytes of media lie, as the setting writes it: a folder, or a bucket of an S3-compatible service."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from subscribers.errors import NewsletterError

_WORDS = {"endpoint", "region"}


class MediaPlaceInvalid(NewsletterError):
    """Write folder:var/media or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION, as the place of media."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of this machine, or one that all machines share."""

    path: Path


@dataclass(frozen=True, slots=True)
class BucketPlace:
    """A bucket; without an endpoint it is Amazon's own."""

    bucket: str
    prefix: str
    """Before every key; empty, or with a slash at its end."""
    endpoint: str
    region: str


MediaPlace: TypeAlias = FolderPlace | BucketPlace


def parse(text: str) -> MediaPlace:
    """Read the setting. Raises `MediaPlaceInvalid`."""
    try:
        parts = urlsplit(text)
        told = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError as error:
        raise MediaPlaceInvalid from error
    if parts.scheme == "folder" and not parts.netloc and parts.path:
        return FolderPlace(Path(unquote(parts.path)))
    if parts.scheme != "s3" or not parts.netloc or told.keys() - _WORDS:
        raise MediaPlaceInvalid
    endpoint = told.get("endpoint", "")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise MediaPlaceInvalid("The endpoint of NEWSLETTER_MEDIA must begin with https:// or http://")
    prefix = unquote(parts.path).strip("/")
    return BucketPlace(parts.netloc, f"{prefix}/" if prefix else "", endpoint, told.get("region", ""))
