"""The names of all checks: each finding says which one made it, so that it can be counted and looked up."""

from enum import StrEnum
from typing import Self


class Check(StrEnum):
    """A check and, as `meaning`, what it asks for in one line."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Self:
        """A member is its name; its meaning stands beside it."""
        check = str.__new__(cls, name)
        check._value_ = name
        check.meaning = meaning
        return check

    FIELD = "field", "The head of the file has no field that means nothing."
    SUBJECT = "subject", "Every language has a subject: short, calm, in words, not a reply to nothing."
    PREHEADER = "preheader", "The line after the subject is there, of a good length, and says something new."
    LANGUAGE = "language", "Every language is one that we know, so that its dates can be written."
    THEME = "theme", "The theme is one that there is."
    SECTIONS = "sections", "There are sections, and no more than an issue can hold."
    ATTRIBUTE = "attribute", "A section's first line holds only what its kind has."
    AIM = "aim", "Bands, roles and languages are ones that there are, so that somebody sees the section."
    RULE = "rule", "The rule of a section can be read, and the lists and segments it names are there."
    WORKSHOP = "workshop", "The workshop that an event names is there."
    TEXT = "text", "Every section says something, in the first language at least."
    TRANSLATION = "translation", "Every section is there in every language of those who see it."
    STALE = "stale", "A translation is as new as its original."
    SIGN_OFF = "sign-off", "A person stands for each language as it is now, where the settings ask for that."
    DRIFT = "drift", "A translation has the dates, times, numbers, links, pictures and fields of its original."
    MERGE_FIELD = "merge-field", "Every merge field can be filled in, and stands where it may."
    MERGE_DEFAULT = "merge-default", "A merge field says what stands there for readers who did not tell us."
    MARKUP = "markup", "No reader sees tags as they are typed, or code that never ends."
    MJML = "mjml", "Raw MJML is allowed here, has only what MJML knows, and nothing that runs."
    TARGET = "target", "Links and pictures lead to web pages, addresses or numbers: never to scripts or data."
    LINK = "link", "Links lead to whole, safe addresses that readers can reach."
    LINK_WORDS = "link-words", "The words of a link say where it goes, and the same words go to one place."
    ALT = "alt", "Every picture says in words what it shows."
    PICTURE = "picture", "Every picture is there, in a type that mail programs show, and light."
    HEADING = "heading", "Headings go down one level at a time, and no two titles are the same."
    MUST_KNOW = "must-know", "What one must know has a title, and there are five of them at most."
    EVENT = "event", "An event has its beginning, its time zone, and a place or a link."
    QUESTION = "question", "A question has two answers or more, as many in every language."
    GOAL = "goal", "The day on which a goal ends is a day."
    THANKS = "thanks", "A note of thanks has one place to go to."
    DATE = "date", "Weekdays, dates and the times of events agree with each other."
    PAST = "past", "No date is over before the issue is read."
    DIGITS = "digits", "A date names its month, for 12/8 is another day elsewhere."
    READING = "reading", "Texts can be read with eight years of school: short sentences, short words."
    LENGTH = "length", "Sections and letters are no longer than people read."
    EMPTY = "empty", "Every family gets something to read."
    SIZE = "size", "The letter is small enough that no mailbox cuts it off."
    LETTER = "letter", "The letter can be made of the texts and the theme."
    PAGE = "page", "The letter names its language, its direction and its title, for those who have it read aloud."
    CONTRAST = "contrast", "Words stand out from what is behind them, in light and in dark."
    UNSUBSCRIBE = "unsubscribe", "Both parts of the letter lead to leaving the list, and to nothing in its place."
    POSTAL_ADDRESS = (
        "postal-address",
        "Both parts of the letter name the sender's postal address.",
    )
    WHY = "why", "Both parts of the letter say why it came."
    SENDER = "sender", "The sender is an address that can be answered."
    ANSWERS = "answers", "The pages that the issue links to answer. Asked for by --links."
    SPAM = "spam", "SpamAssassin finds little to say. Asked for by --spam."
