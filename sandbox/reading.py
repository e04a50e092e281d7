"""Messages and modals as plain text, the way a person reads them in Slack.

Marks become words: ``<@U1>`` is ``@name``, ``<https://…|label>`` is ``label``, ``<!date^…>`` a date in the
reader's time zone; a button is ``[ Label ]``; bold and italic signs go, code keeps its backticks.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from textwrap import indent
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.world import Json, Message, User, View, World

_MARK = re.compile(r"<([^<>]+)>")
_STYLE = re.compile(r"(?<![\w`])([*_~])(?=\S)([^\n`]*?\S)\1(?![\w`])")
_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_EMOJI = {
    ":white_check_mark:": "✅",
    ":x:": "❌",
    ":warning:": "⚠️",
    ":information_source:": "ℹ️",
    ":heavy_minus_sign:": "➖",
    ":hourglass_flowing_sand:": "⏳",
    ":arrows_counterclockwise:": "🔄",
    ":no_entry:": "⛔",
    ":double_vertical_bar:": "⏸️",
    ":arrow_forward:": "▶️",
    ":question:": "❓",
    ":mag:": "🔍",
    ":bar_chart:": "📊",
    ":rotating_light:": "🚨",
    ":boom:": "💥",
    ":ballot_box_with_check:": "☑️",
    ":package:": "📦",
    ":inbox_tray:": "📥",
    ":outbox_tray:": "📤",
}


def size_words(size_bytes: int) -> str:
    """Return a size as Slack shows it."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    for unit, step in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if size_bytes < step * 1000 or unit == "GB":
            return f"{size_bytes / step:.1f} {unit}"
    raise AssertionError


class Reader:
    """Reads for one person; without one, as somebody in UTC."""

    def __init__(self, world: World, viewer: User | None = None) -> None:
        self._world = world
        self._zone = ZoneInfo(viewer.tz if viewer else "UTC")

    def words(self, text: str, *, marked: bool = True) -> str:
        """Return Slack's marked text as words."""
        if marked:
            text = _MARK.sub(self._mark, text)
            pieces = _CODE.split(text)
            pieces[::2] = [_STYLE.sub(r"\2", _STYLE.sub(r"\2", piece)) for piece in pieces[::2]]
            text = "".join(pieces)
        for name, sign in _EMOJI.items():
            text = text.replace(name, sign)
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    def thread(self, messages: Sequence[Message]) -> str:
        """Return a thread: its head, and what stands under it, set in."""
        told = [self.message(message) for message in messages[:1]]
        told += [indent(self.message(message), "    ") for message in messages[1:]]
        return "\n".join(told)

    def message(self, message: Message) -> str:
        """Return a message: who and when, then what it says."""
        if message.tombstone:
            return "This message was deleted."
        author = self._world.users.get(message.user)
        name = author.name if author else message.user
        app = " [app]" if message.bot_id else ""
        at = datetime.fromtimestamp(float(message.ts), self._zone)
        only = " (only visible to you)" if message.ephemeral_to else ""
        edited = " (edited)" if message.edited_ts and not message.bot_id else ""
        lines = [f"{name}{app} {at:%H:%M}{edited}{only}"]
        said = "\n".join(line for line in self.body(message).split("\n") if line)
        return "\n".join([*lines, indent(said, "  ")])

    def body(self, message: Message) -> str:
        """Return what a message says: its blocks, or else its text; then its files."""
        lines = list(self.blocks(message.blocks)) if message.blocks else self.words(message.text).split("\n")
        for file_id in message.files:
            file = self._world.files[file_id]
            deleted = file.mode.value == "tombstone"
            what = "this file was deleted" if deleted else f"{file.name} ({size_words(file.size_bytes)})"
            lines.append(f"📎 {what}")
        return "\n".join(lines)

    def view(self, view: View) -> str:
        """Return a modal: title, blocks, what is wrong with the inputs, and its buttons."""
        lines = [f"== {view.spec['title']['text']} =="]
        for block in view.spec["blocks"]:
            lines += self.blocks([block])
            if block["block_id"] in view.errors:
                lines.append(f"  ! {view.errors[block['block_id']]}")
        buttons = [view.spec[name]["text"] for name in ("close", "submit") if view.spec.get(name)]
        return "\n".join([*lines, " ".join(f"[ {label} ]" for label in buttons)]).rstrip()

    def blocks(self, blocks: Sequence[Json]) -> Iterator[str]:
        """Yield the lines of some blocks."""
        for block in blocks:
            told = "\n".join(self._block(block))
            yield from told.split("\n")

    def _block(self, block: Json) -> Iterator[str]:
        kind = block["type"]
        if kind == "section":
            yield from self._section(block)
        elif kind == "header":
            yield self._text(block["text"])
        elif kind == "context":
            yield " ".join(self._element(element) for element in block["elements"])
        elif kind == "divider":
            yield "────────"
        elif kind == "actions":
            yield " ".join(self._element(element) for element in block["elements"])
        elif kind == "input":
            optional = " (optional)" if block.get("optional") else ""
            yield f"{self._text(block['label'])}{optional}: {self._element(block['element'])}"
            if block.get("hint"):
                yield f"  {self._text(block['hint'])}"
        elif kind == "rich_text":
            yield from (self._rich(element) for element in block["elements"])
        elif kind == "table":
            yield from self._table(block["rows"])
        elif kind == "markdown":
            yield str(block["text"])
        elif kind == "data_visualization":
            yield f"📊 {block['title']}"
            yield from (f"  {line}" for line in _charted(block["chart"]))
        else:
            title = block.get("title") or block.get("alt_text") or kind
            yield f"({kind}: {title if isinstance(title, str) else self._text(title)})"

    def _section(self, block: Json) -> Iterator[str]:
        if block.get("text"):
            yield self._text(block["text"])
        # Slack shows fields in two columns; one that holds a line break is a heading over its value.
        fields = [self._text(one).replace("\n", ": ", 1) for one in block.get("fields") or ()]
        for left in range(0, len(fields), 2):
            yield "   ".join(fields[left : left + 2])
        if block.get("accessory"):
            yield self._element(block["accessory"])

    def _text(self, text: Json) -> str:
        return self.words(text["text"], marked=text["type"] == "mrkdwn")

    def _element(self, element: Json) -> str:
        kind = element["type"]
        if kind in {"mrkdwn", "plain_text"}:
            return self._text(element)
        if kind == "button":
            return f"[ {self._text(element['text'])} ]"
        if kind == "image":
            return f"({element.get('alt_text', 'image')})"
        if kind.endswith("_text_input"):
            hint = element["placeholder"]["text"] if element.get("placeholder") else ""
            return f"[{element.get('initial_value') or hint or '…'}]"
        labels = " / ".join(self._text(option["text"]) for option in element.get("options") or ())
        chosen = (element.get("initial_option") or {}).get("text")
        placeholder = element.get("placeholder")
        shown = self._text(chosen) if chosen else self._text(placeholder) if placeholder else kind
        return f"[ {shown} ▾ {labels} ]" if labels else f"[ {shown} ▾ ]"

    def _rich(self, element: Json) -> str:
        kind = element["type"]
        inner = element.get("elements")
        if kind == "rich_text_list":
            signs = (f"{nth}." if element["style"] == "ordered" else "•" for nth in range(1, 1001))
            return "\n".join(f"{next(signs)} {self._rich(one)}" for one in inner or ())
        if inner is not None:
            return "".join(self._rich(one) for one in inner)
        if kind == "user":
            return self._person(element["user_id"])
        if kind == "channel":
            return self._channel(element["channel_id"])
        if kind == "link":
            return str(element.get("text") or element["url"])
        if kind == "emoji":
            return self.words(f":{element['name']}:")
        if kind == "date":
            return self._date(element["timestamp"], element["format"])
        if kind == "broadcast":
            return f"@{element['range']}"
        text = str(element.get("text", ""))
        return f"`{text}`" if (element.get("style") or {}).get("code") else text

    def _table(self, rows: list[list[Json]]) -> Iterator[str]:
        cells = [[self._cell(cell) for cell in row] for row in rows]
        widths = [max(len(row[place]) for row in cells if place < len(row)) for place in range(len(cells[0]))]
        for row in cells:
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            yield " | ".join(padded).rstrip()

    def _cell(self, cell: Json) -> str:
        if cell["type"] == "raw_text":
            return str(cell["text"])
        return " ".join(self._rich(element) for element in cell["elements"])

    def _mark(self, found: re.Match[str]) -> str:
        inner, _, label = found[1].partition("|")
        if inner.startswith("@"):
            return self._person(inner[1:])
        if inner.startswith("#"):
            return self._channel(inner[1:])
        if inner.startswith("!date^"):
            parts = inner.split("^")
            return self._date(int(parts[1]), parts[2]) if parts[1].isdigit() and len(parts) > 2 else label
        if inner.startswith("!"):
            return label or f"@{inner[1:].split('^')[0]}"
        return label or inner

    def _person(self, user_id: str) -> str:
        user = self._world.users.get(user_id)
        return f"@{user.name if user else user_id}"

    def _channel(self, channel_id: str) -> str:
        channel = self._world.channels.get(channel_id)
        return f"#{channel.name if channel else channel_id}"

    def _date(self, at: int, form: str) -> str:
        when = datetime.fromtimestamp(at, self._zone)
        now = datetime.fromtimestamp(self._world.now(), self._zone)
        days = {0: "today", -1: "yesterday", 1: "tomorrow"}
        near = days.get((when.date() - now.date()) // timedelta(days=1))
        full = f"{when:%B} {_nth(when.day)}, {when.year}"
        short = f"{when:%b} {when.day}, {when.year}"
        long = f"{when:%A}, {full}"
        tokens: dict[str, Any] = {
            "date_num": f"{when:%Y-%m-%d}",
            "date": full,
            "date_short": short,
            "date_long": long,
            "date_pretty": near or full,
            "date_short_pretty": near or short,
            "date_long_pretty": near or long,
            "day_divider_pretty": near or long,
            "time": f"{when.hour % 12 or 12}:{when:%M} {when:%p}",
            "time_secs": f"{when.hour % 12 or 12}:{when:%M:%S} {when:%p}",
            "ago": _ago(now - when),
        }
        return re.sub(r"\{(\w+)\}", lambda token: str(tokens.get(token[1], token[0])), form)


def _charted(chart: Json) -> Iterator[str]:
    """Yield what a chart shows, a line for each label."""
    if chart["type"] == "pie":
        yield from (f"{each['label']}: {each['value']}" for each in chart["segments"])
        return
    for place, label in enumerate(chart["axis_config"]["categories"]):
        values = (f"{each['name']} {each['data'][place]['value']}" for each in chart["series"])
        yield f"{label}: {', '.join(values)}"


def _nth(day: int) -> str:
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _ago(passed: timedelta) -> str:
    seconds = int(passed.total_seconds())
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if abs(seconds) >= length:
            count = abs(seconds) // length
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"
