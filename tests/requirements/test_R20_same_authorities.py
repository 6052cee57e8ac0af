"""R20: the authorities of both chains have the same issued to and issued by, row by row."""

from tests.requirements.administrator import Administrator, Authorities, leaf

from mutua.authority.issue import Issued, Template, issue

Pair = tuple[Administrator, Administrator]


def _install(console: Administrator, *above: Issued) -> None:
    """A new chain from a new leaf up to the root."""
    assert console.upload_chain(leaf(console.request(), above[0]), *above).status_code == 200


def test_R20_the_articles_valid_pair(pair: Pair) -> None:
    source, target = pair
    answer = source.verify(target.running)
    assert answer.status_code == 200
    assert answer.json()["Rows"] == [
        {
            "Source": {"IssuedTo": "OMENT-310", "IssuedBy": "Inter-CA1"},
            "Target": {"IssuedTo": "OMENT-400", "IssuedBy": "Inter-CA1"},
            "Matches": True,
        },
        {
            "Source": {"IssuedTo": "Inter-CA1", "IssuedBy": "Root-CA"},
            "Target": {"IssuedTo": "Inter-CA1", "IssuedBy": "Root-CA"},
            "Matches": True,
        },
        {
            "Source": {"IssuedTo": "Root-CA", "IssuedBy": "Root-CA"},
            "Target": {"IssuedTo": "Root-CA", "IssuedBy": "Root-CA"},
            "Matches": True,
        },
    ]


def test_R20_the_articles_invalid_pair_although_the_roots_are_equal(pair: Pair, authorities: Authorities) -> None:
    source, target = pair
    _install(target, authorities.inter2, authorities.root)
    answer = source.verify(target.running)
    assert answer.status_code == 400
    verification = answer.json()["Verification"]
    assert [row["Matches"] for row in verification["Rows"]] == [False, False, True]
    assert (verification["SourceMeetsTarget"], verification["TargetMeetsSource"]) == (True, True)
    assert {cause["Rule"] for cause in verification["Causes"]} == {"pair.authorities-differ"}


def test_R20_chains_of_different_length_do_not_match(pair: Pair, authorities: Authorities) -> None:
    source, target = pair
    _install(target, authorities.root)
    answer = source.verify(target.running)
    assert answer.status_code == 400
    assert "pair.authorities-differ" in {cause["Rule"] for cause in answer.json()["Verification"]["Causes"]}


def test_R20_names_alone_are_not_enough(pair: Pair, authorities: Authorities) -> None:
    source, target = pair
    namesake = issue(Template(common_name="Inter-CA1", is_ca=True), issuer=authorities.stranger)
    _install(target, namesake, authorities.stranger)
    _install(source, authorities.inter1, authorities.root)
    answer = source.meet(target.running)
    assert answer["Met"] is False


def test_R20_an_intermediate_that_was_renewed_with_a_new_key_keeps_its_name(
    pair: Pair, authorities: Authorities
) -> None:
    source, target = pair
    renewed = issue(Template(common_name="Inter-CA1", is_ca=True), issuer=authorities.root)
    _install(target, renewed, authorities.root)
    assert source.verify(target.running).status_code == 200


def test_R20_mended_chains_match_again(pair: Pair, authorities: Authorities) -> None:
    source, target = pair
    _install(target, authorities.inter2, authorities.root)
    _install(source, authorities.inter2, authorities.root)
    assert source.verify(target.running).status_code == 200
