"""Files that people bring: pictures, decoded and written anew, kept under names that nobody can guess.

In comes what a phone sent: `pictures.prepare` reads it, refuses what is no picture, and writes a JPEG without metadata.
Out goes the picture for who may see it: the room that took it says who that is (`wire`). `storage` keeps the bytes
wherever STORAGE_URL points, `keeping` the rows beside them; other rooms may keep files of their own there.
"""

from community.core.uploads.keeping import delete, keep, may_see, picture, sweep, wire
from community.core.uploads.models import Upload
from community.core.uploads.pictures import MAX_BYTES, Picture, PictureRefused, prepare

__all__ = [
    "MAX_BYTES",
    "Picture",
    "PictureRefused",
    "Upload",
    "delete",
    "keep",
    "may_see",
    "picture",
    "prepare",
    "sweep",
    "wire",
]
