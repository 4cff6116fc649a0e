"""The demo district's file is complete and contradicts itself nowhere."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from community.demo.district import DISTRICT_FILE, DistrictError, read_district


def _changed(tmp_path: Path, change) -> Path:
    raw = yaml.safe_load(DISTRICT_FILE.read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "district.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    return path


def test_the_district_has_three_towns_twelve_posts_seven_teams_and_seven_branches():
    district = read_district()

    assert Counter(area.kind for area in district.areas) == {
        "district": 1,
        "town": 3,
        "village": 5,
        "grid": 7,
        "building": 32,
    }
    assert (len(district.posts), len(district.teams), len(district.branches)) == (12, 7, 7)
    assert [post.name for post in district.posts if post.paused_because] == ["学府公寓后街"]
    assert {team.branch for team in district.teams} <= {branch.name for branch in district.branches}


def test_every_area_lies_inside_its_parent_by_code_and_by_path():
    district = read_district()
    by_code = {area.code: area for area in district.areas}

    for area in district.areas:
        if area.parent_code is None:
            assert area.path == f"{area.code}/"
            continue
        parent = by_code[area.parent_code]
        assert area.path == f"{parent.path}{area.code}/"
        assert area.code.startswith(parent.code)
        assert area.town_code == area.code[:9]


def test_every_village_has_a_number_for_its_signs_in_an_area_code_of_no_place():
    villages = read_district().areas_of("village")

    assert all(re.fullmatch(r"0600-8200 \d{4}", village.phone or "") for village in villages)
    assert len({village.phone for village in villages}) == len(villages) == 5


def test_a_town_counts_the_people_of_its_grids():
    district = read_district()

    for town in district.areas_of("town"):
        assert town.population == sum(grid.population or 0 for grid in district.areas_of("grid", within=town))


def test_every_role_of_the_sign_in_page_is_played_by_somebody_with_a_line_in_both_languages():
    cast = read_district().cast

    assert [person.key for person in cast] == [
        "resident",
        "captain",
        "rider",
        "patrol_leader",
        "grid_worker",
        "village_admin",
        "town_admin",
        "district_office",
        "association_admin",
        "shop_keeper",
    ]
    for person in cast:
        for words in (person.title, person.can):
            assert words is not None
            assert words.zh
            assert words.en
    assert all(person.area is not None for person in cast if person.role != "resident")


def test_a_minor_waits_for_a_guardian_and_a_refusal_has_its_reason():
    applications = {application.state: application for application in read_district().applications}

    assert applications["waiting_guardian"].age in range(14, 18)
    assert applications["waiting_guardian"].guardian is not None
    assert applications["refused"].reason
    assert applications["refused"].decided_hours_before is not None


def test_the_rule_is_readable_in_both_languages_and_names_its_amounts():
    (rule,) = read_district().rules

    assert (rule.code, rule.amount, rule.cap_day) == ("P01", 5, 10)
    for text in (rule.text.zh, rule.text.en):
        assert "5" in text
        assert "10" in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda raw: raw["posts"][0].update(area="别处"), "别处"),
        (lambda raw: raw["posts"].append(dict(raw["posts"][0])), "twice"),
        (lambda raw: raw["posts"][0].update(kind="camera"), "camera"),
        (lambda raw: raw["teams"][0].update(branch="没有的分会"), "没有的分会"),
        (lambda raw: raw["teams"][0].update(posts=["没有的岗点"]), "没有的岗点"),
        (lambda raw: raw["applications"][0].update(team="没有的队"), "没有的队"),
        (lambda raw: raw["leaders"].pop(), "leader"),
        (lambda raw: raw["towns"][0].update(code="99010000x"), "area code"),
        (lambda raw: raw["towns"][1].update(name=raw["towns"][0]["name"]), "two areas"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_the_name_in_question(tmp_path, change, complaint):
    with pytest.raises(DistrictError, match=complaint):
        read_district(_changed(tmp_path, change))
