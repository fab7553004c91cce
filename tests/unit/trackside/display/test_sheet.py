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
    html = Sheet("", "", ("state",), [("failed · exit code 1",), ("unfailed",)])._repr_mimebundle_()["text/html"]
    assert html.count("●") == 1


def test_an_empty_list_is_its_sentence():
    assert Sheet("No jobs yet.", "", ("id",), [])._repr_mimebundle_() == {"text/plain": "No jobs yet."}
