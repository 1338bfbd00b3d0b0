"""What Claude takes of files in one question, checked before anything is sent.

The numbers are those of the Messages API (platform.claude.com, Vision and PDF support).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .blocks import Content, Document, Image
from .errors import BadRequest

#: The size of an image in base64: 10 MiB.
IMAGE_CHARACTERS = 10 << 20
#: The images of a request, and likewise the pages of its PDFs.
FILES = 600
#: The same for models whose context has at most this many tokens.
FILES_OF_SMALL_MODELS = 100
SMALL_CONTEXT = 200_000
#: The pixels of an image's longer side; with more than 20 images, of each of them.
SIDE_PIXELS = 8000
MANY_IMAGES = 20
SIDE_PIXELS_OF_MANY = 2000


def check(
    contents: Iterable[Content], files: int = FILES, refused: Sequence[str] = (), by: str = ""
) -> None:
    """Raise ``BadRequest`` where the files of a request are more, or larger, than Claude takes.

    ``refused`` are the kinds that the model with the name ``by`` does not take: images, PDF.
    """
    blocks = [block for content in contents if not isinstance(content, str) for block in content]
    images = [block for block in blocks if isinstance(block, Image)]
    documents = [block for block in blocks if isinstance(block, Document)]
    pdfs = [document for document in documents if document.pages is not None]
    for kind, blocks_of_kind in (("images", images), ("PDF", pdfs)):
        if blocks_of_kind and kind in refused:
            raise BadRequest(f"{blocks_of_kind[0].name} is not for {by}, which takes no {kind}.")
    if len(images) > files:
        raise BadRequest(f"The question has {len(images):,} images; the limit is {files}.")
    limit = SIDE_PIXELS if len(images) <= MANY_IMAGES else SIDE_PIXELS_OF_MANY
    for image in images:
        if len(image.data) > IMAGE_CHARACTERS:
            raise BadRequest(
                f"{image.name} has {len(image.data):,} bytes in base64; Claude takes images of "
                f"at most {IMAGE_CHARACTERS:,}."
            )
        if max(image.format.width, image.format.height) > limit:
            many = f" among more than {MANY_IMAGES}" if limit == SIDE_PIXELS_OF_MANY else ""
            raise BadRequest(
                f"{image.name} has {image.format.width:,} x {image.format.height:,} pixels; "
                f"Claude takes at most {limit:,} on each side of an image{many}."
            )
    pages = 0
    for document in documents:
        pages += document.pages or 0
        if pages > files:
            raise BadRequest(
                f"{document.name} brings the question to {pages:,} pages of PDF; "
                f"the limit is {files}."
            )
