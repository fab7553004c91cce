import pytest

from trackside.client import Client, access
from trackside.client.access import Access
from trackside.client.address import Address
from trackside.errors import InvalidInput


@pytest.mark.parametrize("token", ["with space", "ä", "a\nb", "\x00"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(token):
    with pytest.raises(InvalidInput) as told:
        Access("http://lab/", token)
    assert token not in str(told.value)


def test_a_wrong_url_is_refused_when_the_client_is_made():
    with pytest.raises(InvalidInput, match="not the URL of a server"):
        Client("ftp://lab")


def test_what_the_caller_says_goes_over_what_is_found(monkeypatch):
    found = Address("http://127.0.0.1:1/", "secret", "file", ca_cert="/found.pem")
    monkeypatch.setattr(access, "find_server", lambda check, start: found)
    address = Access(None, "mine", "/own.pem", "/c.pem", "/k.pem").find(False, True)
    assert (address.token, address.ca_cert, address.client_cert, address.client_key) == (
        "mine",
        "/own.pem",
        "/c.pem",
        "/k.pem",
    )
    assert address.is_found
    assert Access().find(False, True) == found


def test_a_client_shows_where_it_speaks_to_and_not_its_token():
    assert repr(Client("http://lab:8888/ann", "s3cret")) == "<Client http://lab:8888/ann/>"
    assert repr(Client()) == "<Client of this process>"
