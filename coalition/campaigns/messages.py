"""Every message about a campaign's file: what is wrong and what to do. `docs/campaigns.md` has a row for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MESSAGES", "Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """Two sentences with gaps in braces."""

    problem: str
    remedy: str


FILE = {
    "file_missing": Message("There is no such file.", "Check the name and the folder."),
    "file_unreadable": Message("The file cannot be read: {reason}.", "Check its permissions."),
    "file_too_large": Message(
        "The file has {size} bytes.", "Keep it below {most}; accounts belong in the segment's list."
    ),
    "file_empty": Message("The file is empty.", "Begin with `coalition campaign new`."),
    "not_utf8": Message("Byte {byte} is no UTF-8 text.", "Save the file as UTF-8."),
    "syntax_invalid": Message("This is no well-formed {language}: {reason}.", "Compare the line with its neighbours."),
    "tab_indents": Message("The line is indented by a tab.", "Use spaces."),
    "alias_used": Message("Anchors and aliases (`&`, `*`) are not read.", "Write the value out."),
    "tag_used": Message("The tag {tag} is not read.", "Leave it out."),
    "documents_several": Message("The file has more than one document.", "Make one file for each campaign."),
    "nested_too_deep": Message("Lists stand in lists more than {most} deep.", "No field needs that."),
}

SHAPE = {
    "mapping_wanted": Message("Fields in the form `name: value` belong here.", "Write them as in the template."),
    "list_wanted": Message("A list belongs here.", "Write it as `[first, second]`."),
    "value_wanted": Message("One value belongs here, no list and no fields.", "Write it behind the colon."),
    "field_unknown": Message("There is no field of this name here.", "{suggestion}"),
    "field_twice": Message("The field stands here twice, first in line {line}.", "Keep one."),
    "field_missing": Message("The field {name} is missing.", "Add `{name}: {example}`."),
    "field_empty": Message("The field has no value.", "Write one, or leave the field out."),
    "list_empty": Message("The list is empty.", "Name at least one."),
    "list_too_long": Message("The list has {count} entries.", "Keep to {most}."),
    "field_unused": Message("With this kind the field says nothing: {reason}.", "Leave it out."),
    "choose_one": Message("Exactly one of {names} belongs here; there are {count}.", "Keep one of them."),
}

VALUES = {
    "text_invalid": Message(
        "The text has {count} characters or ones that cannot be printed.", "Keep to one line of {most}."
    ),
    "choice_unknown": Message("{value!s} is not known.", "{suggestion}"),
    "number_invalid": Message("{value} is no whole number.", "Write digits only, for example 3."),
    "number_separated": Message(
        "{value} has a separator that some read as thousands and some as decimals.",
        "Write digits only, for example 50000.",
    ),
    "number_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest}."),
    "points_invalid": Message("{value} is no number of points.", "Write it as `300 points`."),
    "points_not_whole": Message("{value} is not whole; points are never parted.", "Write whole points."),
    "points_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest} points."),
    "amount_invalid": Message("{value} is no amount of money.", "Write it as `5.00`, without a currency."),
    "amount_too_fine": Message("{value} has more than {digits} decimals.", "Write what the currency can pay."),
    "amount_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest} minor units."),
    "percent_invalid": Message("{value} is no percentage.", "Write it as `60 %`, with two decimals at most."),
    "percent_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest} %."),
    "factor_invalid": Message("{value} is no factor.", "Write it as `3` or `1.5`, with four decimals at most."),
    "factor_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest}."),
    "time_invalid": Message("{value} is no time.", "Write a date, `2017-05-01`, or `2017-05-01T08:00:00Z`."),
    "duration_invalid": Message("{value} is no length of time.", "Write it as `14 days`; also minutes, hours, weeks."),
    "duration_out_of_range": Message("{value} is out of range.", "Choose {lowest} to {highest}."),
    "days_not_whole": Message("{value} are no whole days.", "Write it as `14 days` or `2 weeks`."),
    "hours_invalid": Message("{value} are no hours of one day.", "Write them as `17:00-19:30`, the earlier first."),
    "zone_invalid": Message("{value} is no offset from UTC.", "Write it as `+02:00`, from -12:00 to +14:00."),
    "address_invalid": Message("{value} is no account: {reason}.", "Copy it again: `0x` and 40 hexadecimal digits."),
}

CAMPAIGN = {
    "partner_unknown": Message("{value} is no partner.", "{suggestion}"),
    "partner_twice": Message("Partner {number} stands here more than once.", "Keep one."),
    "tier_unknown": Message("{value} is no tier.", "{suggestion}"),
    "tier_twice": Message("Tier {value} stands here more than once.", "Keep one."),
    "weekday_twice": Message("{value} stands here more than once.", "Keep one."),
    "shares_wrong": Message("The shares add up to {sum} %.", "Change them so that they come to 100 %."),
    "window_reversed": Message(
        "The campaign closes before it opens, or at that moment.", "Choose a later time than {opens}."
    ),
    "window_past": Message(
        "That time is over: it is {now}.", "Choose a time to come, with days to spare for approvals."
    ),
    "cap_over_budget": Message(
        "The cap of {cap} points is above the budget of {budget}.", "Lower it, or raise the budget."
    ),
    "award_over_budget": Message("One award of {award} points is above the budget of {budget}.", "Raise the budget."),
    "award_over_cap": Message("One award of {award} points is above the cap of {cap} per member.", "Raise the cap."),
    "attestor_missing": Message("Nobody says what members did.", "Name the `attestor`, the account whose word counts."),
    "segment_root_alone": Message("This is the root of a list, without the list.", "Name the file with the accounts."),
    "segment_missing": Message("There is no file {value} beside this one.", "Put the list there, or correct its name."),
    "segment_outside": Message(
        "The list is not in the folder of this file.", "Put it beside the file and name it without a path."
    ),
    "segment_empty": Message(
        "The list has no accounts.", "Fill it, or leave `segment` out: everybody may take part then."
    ),
    "segment_line_invalid": Message(
        "{value} is no account: {reason}.", "Write one account a line: `0x` and 40 hexadecimal digits."
    ),
    "segment_account_twice": Message("The account stands in line {line}, too.", "Keep one."),
    "segment_more": Message("{count} more lines are wrong.", "Correct those above and check again."),
    "visits_over_partners": Message(
        "{visits} different partners are asked for, of {count}.", "Ask for fewer, or name more partners."
    ),
    "streak_too_long": Message(
        "{count} units in a row and those that may be missed are more than {most}.", "Ask for fewer."
    ),
    "award_nothing": Message("Nothing is awarded: no points and no badge.", "Add `award` or `badge`."),
    "badge_after_missing": Message(
        "It is not said when the badge comes.", "Add `badge after: 10`, the number of actions."
    ),
    "badge_missing": Message(
        "It is said when a badge comes, but not which.", "Add `badge`, or leave `badge after` out."
    ),
    "action_missing": Message("Birthdays are attested by the code of an action.", "Add `action`."),
    "payable_too_late": Message(
        "The dividend would be payable when nobody can claim it any more.", "Choose {latest} or earlier."
    ),
    "payable_too_soon": Message(
        "The dividend would be payable before a purchase counts.", "Choose a time after {opens}."
    ),
    "prize_too_large": Message("{entries} entries could win {points} points.", "Keep their product to {most}."),
    "terms_refused": Message(
        "The kind cannot run on word {index} of these terms.", "Compare `terms` with the kind's page."
    ),
}

TIERS = {
    "first_tier_not_free": Message("The first tier begins above 0.", "Write `from: 0`: everybody has some tier."),
    "tiers_not_rising": Message("The tier does not begin above the one before.", "Order the tiers, lowest first."),
    "inactivity_incomplete": Message(
        "`inactive after` and `inactivity takes` belong together.", "Add the other, or leave both out."
    ),
}

MESSAGES: dict[str, Message] = FILE | SHAPE | VALUES | CAMPAIGN | TIERS
"""By code."""
