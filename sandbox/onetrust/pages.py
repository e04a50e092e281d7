"""Pages of lists, as the Applications API tells them (Spring's ``Page``)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sandbox.front import Refusal

_DEFAULT_SIZE = 10
_MOST = 100

Record = dict[str, Any]


def check_query(query: Mapping[str, str], known: Collection[str]) -> None:
    """Let a query pass that has published parameters alone.

    Raises:
        Refusal: it has others.
    """
    if unknown := set(query) - set(known):
        raise Refusal(400, f"no such parameter: {', '.join(sorted(unknown))}")


def page_of(
    records: Sequence[Record],
    query: Mapping[str, str],
    *,
    sort_by: Mapping[str, Callable[[Record], Any]],
    default_sort: str,
    size_name: str = "pageSize",
) -> Record:
    """Return the page that a query asks for; ``sort_by`` gives the key of each field that it may sort by.

    Raises:
        Refusal: a page, a size, a field or a direction that there can't be.
    """
    key = sort_by.get(query.get("sortBy", default_sort))
    if key is None:
        raise Refusal(400, f"sortBy is none of {', '.join(sort_by)}")
    direction = query.get("direction", "asc")
    if direction not in {"asc", "desc"}:
        raise Refusal(400, "direction is neither asc nor desc")
    number = _whole(query, "page", 0)
    size = _whole(query, size_name, _DEFAULT_SIZE)
    if not 1 <= size <= _MOST:
        raise Refusal(400, f"{size_name} is not from 1 to {_MOST}")
    ordered = sorted(records, key=key, reverse=direction == "desc")
    content = ordered[number * size : (number + 1) * size]
    pages = -(-len(ordered) // size)
    sort = {"empty": False, "sorted": True, "unsorted": False}
    return {
        "content": content,
        "totalPages": pages,
        "totalElements": len(ordered),
        "number": number,
        "size": size,
        "numberOfElements": len(content),
        "first": number == 0,
        "last": number >= pages - 1,
        "empty": not content,
        "sort": sort,
        "pageable": {
            "pageNumber": number,
            "pageSize": size,
            "offset": number * size,
            "paged": True,
            "unpaged": False,
            "sort": sort,
        },
    }


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refusal(400, f"{name} is no whole number from 0")
    return int(text)
