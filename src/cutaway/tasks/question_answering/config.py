"""The record of question answering."""

from typing import ClassVar, Literal

from pydantic import Field

from cutaway.config.task import ON_FILES_OF_ONE_FORM, ModelNeeds, TaskConfig, TaskSpec


class QuestionAnsweringConfig(TaskConfig):
    """Find the answer to a question in a context (Rajpurkar et al. 2016)."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "token", roles=("begin", "separator")),
        verbs=("answer", "embed"),
        implementation="cutaway.tasks.question_answering.task:QuestionAnsweringTask",
        presets={"questions": "bert-nano"},
        unread=ON_FILES_OF_ONE_FORM,
        pipeline_tag="question-answering",
    )

    kind: Literal["question_answering"] = "question_answering"
    stride: int = Field(64, gt=0, description="tokens that two consecutive windows over a long context share")
    longest_answer: int = Field(30, gt=0, description="longest answer in tokens")
