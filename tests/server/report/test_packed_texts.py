"""What a page's texts are packed into says the same, and says it in fewer letters."""

import json

from hypothesis import given
from hypothesis import strategies as st

from anml_fl.page.packing import Texts, packed


def taken_apart(written, texts):
    """Read as the page's script does."""
    words = [texts[place] for place in written["texts"]]
    return [words[which] for which in written["at"]] if "at" in written else words


@given(
    st.lists(
        st.lists(st.sampled_from("abcdefghij"), min_size=64, max_size=200)
        | st.lists(st.text(max_size=3), min_size=64, max_size=200, unique=True),
        max_size=4,
    )
)
def test_every_list_comes_out_as_it_went_in(lists):
    texts = Texts()
    written = [packed(one, texts) for one in lists]
    words = json.loads(texts.json)
    assert [taken_apart(one, words) for one in written] == lists
    assert len(set(words)) == len(words)


def test_of_many_rows_with_few_texts_each_takes_two_letters():
    texts = Texts()
    packed([f"contributor-{i}" for i in range(10_000)], texts)
    written = packed(["yes" if i % 5 else "no" for i in range(10_000)], texts)
    assert len(json.dumps(written, separators=(",", ":"))) < 2 * 10_000 + 40
    # The more frequent one is the shorter one: of ten thousand texts most are seldom.
    assert written["at"].count(0) == 8_000
