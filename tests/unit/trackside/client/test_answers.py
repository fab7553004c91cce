import pytest

from trackside.client.address import Address
from trackside.client.answers import decoded, refusal
from trackside.errors import Conflict, InternalError, InvalidInput, NotAllowed, NotFound, ServerUnreachable, TryAgain
from trackside.models import Job, JobPage

HERE = Address("http://lab:8888/", token="t")


def said(code, message="What happened.", hint=""):
    return b'{"error": {"code": "%b", "message": "%b", "hint": "%b"}}' % (
        code.encode(),
        message.encode(),
        hint.encode(),
    )


def refused(status, content=b"", address=HERE, **headers):
    return refusal(status, headers, content, address)


def test_an_answer_is_decoded_into_its_wire_value():
    assert decoded(b'{"jobs": [], "next": "c"}', JobPage, HERE).next == "c"


def test_a_truncated_answer_may_be_asked_for_again():
    with pytest.raises(ServerUnreachable) as told:
        decoded(b'{"jobs": [', JobPage, HERE)
    assert (told.value.code, told.value.transient) == ("connection_lost", True)


def test_an_answer_of_another_shape_speaks_of_versions():
    with pytest.raises(InternalError, match="same version"):
        decoded(b'{"id": 1}', Job, HERE)


def test_a_web_page_is_no_answer():
    with pytest.raises(ServerUnreachable, match=r"web page.*not a Trackside server"):
        decoded(b"<html>", Job, HERE, content_type="text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("status", "code", "family"),
    [
        (400, "invalid_input", InvalidInput),
        (400, "unknown_field", InvalidInput),
        (404, "not_found", NotFound),
        (404, "job_not_found", NotFound),
        (409, "conflict", Conflict),
        (503, "try_again", TryAgain),
        (500, "internal_error", InternalError),
    ],
)
def test_what_the_server_says_comes_out_with_its_own_words(status, code, family):
    error = refused(status, said(code, "The message.", "The hint."))
    assert isinstance(error, family)
    assert (error.code, error.message, error.hint) == (code, "The message.", "The hint.")


@pytest.mark.parametrize(
    ("status", "content"), [(401, b""), (403, b'{"message": "Forbidden"}'), (403, said("not_allowed"))]
)
def test_a_wrong_token_is_named_with_the_ways_to_give_another(status, content):
    error = refused(status, content)
    assert isinstance(error, NotAllowed)
    assert "the token is wrong" in error.message
    assert "token='…'" in error.hint
    assert "TRACKSIDE_TOKEN" in error.hint


def test_a_missing_token_is_called_missing():
    assert "no token was given" in refused(403, address=Address("http://lab/")).message


def test_the_hint_names_the_place_that_the_token_came_from():
    assert "TRACKSIDE_URL" in refused(403, address=Address("http://lab/", "t", "environment")).hint
    assert "access:servers" in refused(403, address=Address("http://lab/", "t", "hub")).hint


def test_another_reason_for_not_allowed_keeps_its_words():
    assert refused(403, said("read_only", "This home is read only.")).message == "This home is read only."


def test_being_sent_to_a_login_page_is_not_being_signed_in():
    assert isinstance(refused(302, location="/hub/login?next=x"), NotAllowed)
    elsewhere = refused(301, location="https://lab/x?token=s3cret")
    assert elsewhere.code == "not_trackside"
    assert "s3cret" not in str(elsewhere)


@pytest.mark.parametrize("content", [b"<html>404</html>", b'{"message": "Not Found"}', b""])
def test_a_server_without_the_api_is_said_to_be_none(content):
    error = refused(404, content)
    assert isinstance(error, ServerUnreachable)
    assert not isinstance(error, NotFound)
    assert "answers with status 404, but is not a Trackside server. Is the extension installed" in str(error)


@pytest.mark.parametrize("status", [424, 502, 503, 504])
def test_a_proxy_without_a_server_behind_it_may_have_one_soon(status):
    error = refused(status, b"<html>Bad Gateway</html>")
    assert (error.code, error.transient) == ("gateway", True)


def test_too_large_and_too_many_say_so():
    assert isinstance(refused(413), InvalidInput)
    assert isinstance(refused(429), TryAgain)


def test_an_unknown_failure_shows_a_piece_of_what_was_said_but_no_html():
    assert "status 500 (boom)" in refused(500, b" boom ").message
    assert "<" not in refused(500, b"<html>").message
