"""Files that people bring: pictures, decoded and written anew, and papers, kept under names that nobody can guess.

In comes what a phone sent: `pictures.prepare` reads it, refuses what is no picture, and writes a JPEG without metadata;
`papers.prepare` takes a PDF as it is, if it only shows pages.
Out goes the picture for who may see it: the room that took it says who that is (`wire`). `storage` keeps the bytes
wherever STORAGE_URL points, `keeping` the rows beside them; other rooms may keep files of their own there.
"""

from community.core.uploads.keeping import delete, keep, keep_paper, may_see, picture, sweep, wire
from community.core.uploads.models import Document, Upload
from community.core.uploads.papers import Paper, PaperRefused
from community.core.uploads.pictures import MAX_BYTES, Picture, PictureRefused, prepare

__all__ = [
    "MAX_BYTES",
    "Document",
    "Paper",
    "PaperRefused",
    "Picture",
    "PictureRefused",
    "Upload",
    "delete",
    "keep",
    "keep_paper",
    "may_see",
    "picture",
    "prepare",
    "sweep",
    "wire",
]
