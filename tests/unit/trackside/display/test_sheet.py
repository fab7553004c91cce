"""Lists are tables where HTML is shown, and the same as text elsewhere."""

from trackside.display.sheet import Sheet


def test_the_table_holds_every_cell_escaped_and_no_empty_column():
    sheet = Sheet("plain", "1 running", ("id", "name", "GPUs"), [("41", "<b>", ""), ("42", "x", "")])
    bundle = sheet._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(sheet) == "plain"
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
    assert "GPUs" not in bundle["text/html"]
    assert bundle["text/html"].count("<tr>") == 3


def test_a_status_has_its_dot():
    html = Sheet("", "", ("state",), [("failed · exit code 1",), ("scheduled",), ("unfailed",)])._repr_mimebundle_()[
        "text/html"
    ]
    assert html.count("●") == 2


def test_an_empty_list_is_its_sentence():
    assert Sheet("No jobs yet.", "", ("id",), [])._repr_mimebundle_() == {"text/plain": "No jobs yet."}


def test_sentences_stand_below_the_rows():
    shown = Sheet("", "", ("id",), [("41",)], ["a <kernel> idles"])._repr_mimebundle_()["text/html"]
    assert shown.endswith("</table><div>a &lt;kernel&gt; idles</div>")


def test_a_short_cell_stays_on_one_line_and_a_long_one_wraps():
    rows = [("20.0 GB of 80.0 GB", "pending · waits for prep (job-1) to complete")]
    html = Sheet("", "", ("memory", "state"), rows)._repr_mimebundle_()["text/html"]
    assert '<td style="text-align:left;white-space:nowrap">20.0 GB of 80.0 GB</td>' in html
    assert '<td style="text-align:left"><span' in html
