"""What Slack takes as a chart.

Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from typing import Any

from sandbox.slack.shapes import Check, Fields, Problems, anything, array, both, mapping, string, typed

MOST = 2
"""Charts in a message."""

_TYPE: Fields = {"type": anything}
_LABEL = string(20)


def _value(*, above_zero: bool) -> Check:
    def check(value: Any, at: str, problems: Problems) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            problems.add(at, "must provide a number")
        elif above_zero and value <= 0:
            problems.add(at, "must be greater than 0")

    return check


_SEGMENT = mapping({"label": _LABEL, "value": _value(above_zero=True)})
_POINT = mapping({"label": _LABEL, "value": _value(above_zero=False)})
_SERIES = mapping({"name": _LABEL, "data": array(_POINT, most=20)})
_AXES = mapping({"categories": array(_LABEL, most=20)}, {"x_label": string(50), "y_label": string(50)})


def _series_fit(chart: Any, at: str, problems: Problems) -> None:
    """Every series has a name of its own, and a point for each category, in their order."""
    axes, series = chart.get("axis_config"), chart.get("series")
    if not isinstance(axes, dict) or not isinstance(series, list):
        return
    named = [each for each in series if isinstance(each, dict)]
    names = [each.get("name") for each in named]
    if any(names.count(name) > 1 for name in names):
        problems.add(f"{at}/series", "names must be unique")
    for place, each in enumerate(named):
        data = each.get("data")
        labels = [point.get("label") for point in data if isinstance(point, dict)] if data else []
        if labels != axes.get("categories"):
            problems.add(f"{at}/series/{place}/data", "labels must match the categories of the axis")


_PLOTTED = both(
    mapping({**_TYPE, "series": array(_SERIES, most=6), "axis_config": _AXES}),
    _series_fit,
)

CHART = typed(
    {
        "pie": mapping({**_TYPE, "segments": array(_SEGMENT, most=6)}),
        "bar": _PLOTTED,
        "area": _PLOTTED,
        "line": _PLOTTED,
    }
)
"""The chart of a ``data_visualization`` block."""
