"""The help of a magic: what ``%jobs?`` shows."""

from __future__ import annotations

from trackside.magics.options import Usage

__all__ = ["help_text"]


def help_text(usage: Usage, *more: Usage) -> str:
    """Return summary, form, options and examples; ``more`` are other forms of the same magic."""
    lines = [usage.summary]
    for form in (usage, *more):
        lines += ["", "::", "", f"    {_form(form)}", ""]
        lines += [f"      {left:<{_width(form)}}  {text}" for left, text in _options(form)]
    examples = [example for form in (usage, *more) for example in form.examples]
    lines += ["", "Examples::", "", *(f"    {example}" for example in examples), ""]
    return "\n".join(lines)


def _form(usage: Usage) -> str:
    options = "[options]" if usage.options else ""
    return " ".join(part for part in (usage.magic, options, usage.words) if part)


def _options(usage: Usage) -> list[tuple[str, str]]:
    return [(f"{' '.join(option.flags)} {option.value or ''}".strip(), option.help) for option in usage.options]


def _width(usage: Usage) -> int:
    return max((len(left) for left, _ in _options(usage)), default=0)
