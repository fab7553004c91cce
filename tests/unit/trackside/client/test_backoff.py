import random
from itertools import islice

from trackside.client.backoff import delays


def test_delays_double_up_to_the_longest_and_vary_by_a_half_at_most():
    full = [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    for seed in range(50):
        taken = list(islice(delays(0.1, 1.0, rng=random.Random(seed)), 7))
        assert all(most / 2 <= delay <= most for delay, most in zip(taken, full, strict=True))


def test_two_clients_do_not_come_back_together():
    assert list(islice(delays(), 3)) != list(islice(delays(), 3))


def test_a_first_delay_above_the_longest_is_cut():
    assert next(delays(30.0, 5.0)) <= 5.0
