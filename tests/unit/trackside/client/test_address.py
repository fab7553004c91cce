import pytest

from trackside.client.address import Address, split_url
from trackside.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "base", "token"),
    [
        ("http://127.0.0.1:8888", "http://127.0.0.1:8888/", None),
        ("127.0.0.1:8888", "http://127.0.0.1:8888/", None),
        ("http://lab:8888/?token=abc", "http://lab:8888/", "abc"),
        ("http://lab:8888/ann/lab/tree/a.ipynb?token=abc", "http://lab:8888/ann/", "abc"),
        ("http://lab:8888/lab", "http://lab:8888/", None),
        ("http://lab/lab/", "http://lab/lab/", None),
        ("https://hub/user/ann/trackside/api/v1/jobs", "https://hub/user/ann/", None),
        ("  https://hub/user/ann/  ", "https://hub/user/ann/", None),
        ("http://[::1]:8888/", "http://[::1]:8888/", None),
    ],
)
def test_a_url_as_people_have_it_gives_base_and_token(text, base, token):
    assert split_url(text) == (base, token)


@pytest.mark.parametrize(
    "text", ["", "ftp://lab/", "http://", "http://lab:port/", "http://lab:0/", "http://ann:pw@lab/"]
)
def test_what_is_no_url_of_a_server_is_refused(text):
    with pytest.raises(InvalidInput):
        split_url(text)


def test_the_api_lies_under_the_base_url():
    assert Address("http://lab/ann/").api == "http://lab/ann/trackside/api/v1/"


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:1/", True),
        ("http://127.8.8.8/", True),
        ("http://localhost:1/", True),
        ("http://[::1]:1/", True),
        ("http://10.0.0.1/", False),
        ("https://lab.example.org/", False),
    ],
)
def test_loopback_is_known_by_name_and_number(url, loopback):
    assert Address(url).is_loopback is loopback


def test_a_token_is_never_in_the_repr():
    assert "s3cret" not in repr(Address("http://lab/", token="s3cret"))
