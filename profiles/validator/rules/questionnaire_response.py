"""QuestionnaireResponse against its Questionnaire: items, their order and nesting, conditions, and answers.

Law: a Questionnaire that is not loaded is a warning, and nothing more is said; what is required is missing only when
the response says it is complete (`completed`, `amended`), before that it is a warning. No issue repeats an answer.
Source: http://hl7.org/fhir/R4/questionnaireresponse.html#6.4.4 (relationship with Questionnaire), questionnaire.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place
from profiles.validator.rules.answers import Problem, examined, extension
from profiles.validator.rules.enabling import Form, Given, enabled
from profiles.validator.rules.known import known, misled
from profiles.validator.rules.questionnaire import items

Json = dict[str, Any]
_FINISHED = frozenset({"completed", "amended"})
_OCCURS = "http://hl7.org/fhir/StructureDefinition/questionnaire-"
# The abstract type `question` has no answers of its own, like a group (http://hl7.org/fhir/R4/codesystem-item-type.html).
_GROUPS = frozenset({"group", "question"})


def answering(response: Json, place: Place) -> Iterable[Issue]:
    """A response to a Questionnaire that it names."""
    canonical = response.get("questionnaire")
    return () if canonical is None else _answering(canonical, response, place)


def _answering(canonical: str, response: Json, place: Place) -> Iterator[Issue]:
    questionnaire = known(place, "Questionnaire", canonical)
    if questionnaire is None:
        other = misled(place, "Questionnaire", canonical)
        if other:
            yield place.issue("canonical-target", ".questionnaire", type=other)
        else:
            yield place.issue("questionnaire-unknown", ".questionnaire")
        return
    yield from _authored(response, questionnaire, place)
    form = Form(questionnaire, items(questionnaire), response)
    home = place if canonical.startswith("#") else Place(questionnaire, questionnaire, place.registry)
    walk = _Walk(place, home, form, response.get("status") in _FINISHED)
    yield from walk.items(response, questionnaire.get("item", ()), "", ())


def _authored(response: Json, questionnaire: Json, place: Place) -> Iterator[Issue]:
    authored, period = response.get("authored"), questionnaire.get("effectivePeriod") or {}
    start, end = period.get("start"), period.get("end")
    if type(authored) is not str:
        return
    early = type(start) is str and authored[: len(start)] < start[: len(authored)]
    late = type(end) is str and authored[: len(end)] > end[: len(authored)]
    if early or late:
        yield place.issue("questionnaire-not-effective", ".authored")


@dataclass(frozen=True, slots=True)
class _Walk:
    """Follows a response and its Questionnaire down together; `home` is where the latter finds what it contains."""

    place: Place
    home: Place
    form: Form
    finished: bool

    def items(self, parent: Json, asked: Iterable[Json], path: str, above: Given) -> Iterator[Issue]:
        """The items of a response, of a group in it or of an answer, against those the Questionnaire has there."""
        asked = list(asked)
        order = {item.get("linkId"): index for index, item in enumerate(asked)}
        given: dict[str, list[tuple[str, Json]]] = {}
        last = -1
        for index, item in enumerate(parent.get("item", ())):
            here, link = f"{path}.item[{index}]", item.get("linkId", "")
            at = order.get(link)
            if at is None:
                yield from self._stray(item, link, here, above)
                continue
            if at < last:
                yield self.place.issue("response-item-order", here)
            last = at
            given.setdefault(link, []).append((here, item))
        for question in asked:
            yield from self._question(question, given.get(question.get("linkId", ""), []), path, above)

    def _stray(self, item: Json, link: str, path: str, above: Given) -> Iterator[Issue]:
        elsewhere = self.form.items.get(link)
        if elsewhere is None:
            yield self.place.issue("response-item-unknown", path)
            return
        yield self.place.issue("response-item-misplaced", path)
        yield from self._item(elsewhere.value, item, path, above)

    def _question(self, question: Json, given: list[tuple[str, Json]], path: str, above: Given) -> Iterator[Issue]:
        asked = enabled(question, self.form, above)
        if not given:
            if asked and question.get("required"):
                yield self._missing(path)
            return
        if not asked:
            for here, item in given:
                if "answer" in item or "item" in item:
                    yield self.place.issue("response-item-disabled", here)
        if len(given) > 1 and not question.get("repeats"):
            yield self.place.issue("response-item-repeated", given[1][0])
        for here, item in given:
            content = "item" if question.get("type") in _GROUPS else "answer"
            if asked and question.get("required") and content not in item:
                yield self._missing(here)
            yield from self._item(question, item, here, above)

    def _missing(self, path: str) -> Issue:
        return self.place.issue("response-answer-missing" if self.finished else "response-answer-awaited", path)

    def _item(self, question: Json, item: Json, path: str, above: Given) -> Iterator[Issue]:
        kind, answers = question.get("type", ""), item.get("answer", ())
        text = item.get("text")
        if text is not None and text != question.get("text"):
            yield self.place.issue("response-item-text", path)
        yield from self._counted(question, answers, path)
        above = (*above, (question, item))
        if kind in _GROUPS or kind == "display":
            if answers:
                yield self.place.issue("response-answer-forbidden", path, type=kind)
        else:
            for index, answer in enumerate(answers):
                here = f"{path}.answer[{index}]"
                for problem in examined(answer, question, len(answers), self.home):
                    yield _issue(problem, here, self.place)
                yield from self.items(answer, question.get("item", ()), here, above)
        if kind in _GROUPS:
            yield from self.items(item, question.get("item", ()), path, above)
        elif item.get("item"):
            yield self.place.issue("response-item-nesting", path)

    def _counted(self, question: Json, answers: Iterable[Json], path: str) -> Iterator[Issue]:
        count = len(tuple(answers))
        if count > 1 and not question.get("repeats"):
            yield self.place.issue("response-answer-repeated", path)
        least, most = extension(question, _OCCURS + "minOccurs"), extension(question, _OCCURS + "maxOccurs")
        if type(least) is int and count < least:
            yield self.place.issue("response-answers-few", path, min=str(least))
        if type(most) is int and count > most:
            yield self.place.issue("response-answers-many", path, max=str(most))


def _issue(problem: Problem, path: str, place: Place) -> Issue:
    return place.issue(problem.code, path + problem.path, **problem.details)
