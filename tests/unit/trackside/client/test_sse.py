from trackside.client.sse import SentEvent, SseParser


def read(*chunks):
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_an_event_has_its_name_data_and_id():
    assert read(b"id: 7\nevent: log\ndata: hello\n\n") == [SentEvent("log", b"hello", "7")]


def test_an_event_without_a_name_is_a_message_and_several_data_lines_are_joined():
    assert read(b"data: a\ndata: b\n\n") == [SentEvent("message", b"a\nb", "")]


def test_every_kind_of_line_end_ends_a_line_once():
    assert [event.data for event in read(b"data: a\r\n\r\ndata: b\r\rdata: c\n\n")] == [b"a", b"b", b"c"]


def test_a_chunk_border_inside_cr_lf_is_no_empty_line():
    assert read(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [SentEvent("message", b"a\nb", "")]


def test_comments_and_unknown_fields_say_nothing():
    assert read(b": still here\n\nfoo: bar\ndata: x\n\n") == [SentEvent("message", b"x", "")]


def test_the_id_stays_until_another_one_comes_and_a_nul_in_it_is_refused():
    events = read(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\x00\ndata: c\n\nid\ndata: d\n\n")
    assert [event.id for event in events] == ["1", "1", "1", ""]


def test_an_id_without_data_moves_the_position_but_is_no_event():
    parser = SseParser()
    assert parser.feed(b"id: 9\n\n") == []
    assert parser.last_id == "9"


def test_one_space_behind_the_colon_is_not_data():
    assert [event.data for event in read(b"data:a\n\ndata:  b\n\n")] == [b"a", b" b"]


def test_a_byte_order_mark_at_the_very_start_is_passed_over():
    assert read(b"\xef\xbb", b"\xbfdata: a\n\n") == [SentEvent("message", b"a", "")]


def test_an_event_cut_off_before_its_empty_line_is_never_told():
    assert read(b"data: a\n\ndata: torn\n") == [SentEvent("message", b"a", "")]


def test_retry_is_read_as_seconds_and_nonsense_is_passed_over():
    parser = SseParser()
    parser.feed(b"retry: 1500\nretry: soon\n")
    assert parser.retry == 1.5
