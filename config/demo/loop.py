"""The whole loop, step by step, through the services that the pages call.

Each step asks first whether it was done before, so an interrupted demo goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from rich.console import Console

from annotators.models import Campaign
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from annotators.task_form import REASONS, Rationale, TaskForm
from config.demo.people import demo_users, join_demo
from config.demo.precision import cpu_dtype
from config.demo.progress import Standing, watch
from config.demo.state import DemoState
from config.demo.wording import GUIDELINES, RECIPE_NAME, RUBRIC, STEPS
from curation.importers.guess import guess_mapping
from curation.models import DatasetVersion, FilterRecipe, Pair, Project, PromptImport
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from curation.services.pair_build import pairs_build
from curation.services.project_create import project_create
from curation.services.prompt_import import import_create, import_head, import_start
from curation.services.recipe_run import recipe_run
from curation.services.recipe_save import recipe_save
from judges.models import Judge
from judges.services.judge_create import judge_create
from judges.services.rubric_save import rubric_save
from trainer_bridge.contracts import LoraSpec, Sampling, TrainArgs
from trainer_bridge.models import Evaluation, Job, ModelVersion, TrainingRun
from trainer_bridge.services.evaluation_create import evaluation_create
from trainer_bridge.services.job_create import generation_create, judging_create, scoring_create
from trainer_bridge.services.model_register import model_register
from trainer_bridge.services.run_create import run_create

PROMPTS = Path(__file__).with_name("prompts.jsonl")
MODEL = "smollm2-135m-instruct"
SAMPLING = Sampling(n=4, temperature=0.9, top_p=0.95, max_tokens=36, seed=7)
TRAINING = TrainArgs(
    learning_rate=1e-4,
    per_device_train_batch_size=2,
    gradient_accumulation_steps=1,
    max_steps=8,
    max_length=384,
    logging_steps=1,
    save_steps=4,
)


class DemoLoop:
    """One pass of the loop over the demo's own prompts."""

    def __init__(self, console: Console, state: DemoState) -> None:
        self.console = console
        self.state = state
        self.users = demo_users(state.path.parent)
        self.owner = self.users["researcher"]
        self.dtype = cpu_dtype()

    def run(self) -> None:
        """Do what is not done yet, in flow order."""
        for step in (
            self.project,
            self.import_prompts,
            self.sample,
            self.pairs,
            self.judge,
            self.score,
            self.freeze,
            self.train,
            self.evaluate,
            self.campaign,
        ):
            with self.state.timed(step.__name__):
                step()

    # ── 1 prompts ────────────────────────────────────────────────────────────

    def project(self) -> None:
        def make() -> int:
            project = project_create(
                name="Demo: small talk with a small model",
                slug="demo",
                owner=self.owner,
                description="Fifty prompts, SmolLM2-135M, and the whole way to a DPO model.",
            )
            join_demo(project, self.users)
            model = model_register(
                project=project, name=MODEL, path=settings.MODELS_ROOT / MODEL, user=self.owner
            )
            self.state.remember("base_model", model.pk)
            return project.pk

        self._once("project", make)

    def import_prompts(self) -> None:
        def make() -> int:
            with PROMPTS.open("rb") as file:
                made = import_create(
                    project=self._project, user=self.owner, upload=File(file, name=PROMPTS.name)
                )
            rows = [row.value for row in import_head(made) if row.value is not None]
            import_start(prompt_import=made, mapping=guess_mapping(rows))
            return made.pk

        pk = self._once("import", make)

        def standing() -> Standing:
            row = PromptImport.objects.get(pk=pk)
            return Standing(row.rows_read, row.rows_read, row.is_finished, error=row.error)

        watch(self.console, "Import prompts", standing)

    # ── 2 responses, 3 pairs ─────────────────────────────────────────────────

    def sample(self) -> None:
        self._job(
            "sampling",
            "Sample responses",
            lambda: generation_create(
                project=self._project,
                user=self.owner,
                model=self._base_model,
                sampling=SAMPLING,
                split="",
                dtype=self.dtype,
                batch_size=68,
            ),
        )

    def pairs(self) -> None:
        counts = pairs_build(project=self._project)
        self.console.print(f"Pairs: {counts.created} new, {counts.identical} of identical texts left out")

    # ── 4 judgments, 5 scores ────────────────────────────────────────────────

    def judge(self) -> None:
        def make() -> int:
            rubric = rubric_save(project=self._project, user=self.owner, **RUBRIC)
            judge = judge_create(
                project=self._project,
                name="SmolLM2",
                rubric=rubric,
                backend=Judge.Backend.TRANSFORMERS,
                model_name=self._base_model.path,
                user=self.owner,
                params={"dtype": self.dtype, "batch_size": 24},
            )
            return judge.pk

        self._once("judge", make)
        self._job(
            "judging",
            "Judge pairs in both orders",
            lambda: judging_create(judge=self._judge, user=self.owner, split="train"),
        )

    def score(self) -> None:
        self._job(
            "scoring",
            "Score pairs by CHES",
            lambda: scoring_create(
                project=self._project,
                user=self.owner,
                model=self._base_model,
                split="train",
                dtype=self.dtype,
            ),
        )

    # ── 6 dataset version ────────────────────────────────────────────────────

    def freeze(self) -> None:
        def recipe() -> int:
            saved = recipe_save(project=self._project, name=RECIPE_NAME, steps=STEPS, user=self.owner)
            run = recipe_run(recipe=saved, user=self.owner)
            for step in run.funnel:
                self.console.print(f"  {step['label']}: {step['kept']} kept, {step['dropped']} dropped")
            return saved.pk

        def version() -> int:
            saved = FilterRecipe.objects.get(pk=self.state.ids["recipe"])
            return dataset_freeze(recipe=saved, user=self.owner, note="Made by the demo.").pk

        self._once("recipe", recipe)
        self._once("version", version)
        self._once("export", lambda: self._export("trl_jsonl"))
        self._once("export_parquet", lambda: self._export("trl_parquet"))

    def _export(self, name: str) -> int:
        return export_write(version=self._version, format=name, split="train", user=self.owner).pk

    # ── 7 training, 8 evaluation ─────────────────────────────────────────────

    def train(self) -> None:
        def make() -> int:
            return run_create(
                project=self._project,
                dataset_version=self._version,
                base_model=self._base_model,
                name="First DPO",
                args=TRAINING,
                lora=LoraSpec(),
                probe_rows=16,
                user=self.owner,
            ).pk

        pk = self._once("run", make)
        self._watch_job("Train with DPO", TrainingRun.objects.get(pk=pk).job_id)

    def evaluate(self) -> None:
        def make() -> int:
            return evaluation_create(
                project=self._project,
                model=ModelVersion.objects.get(training_run=self.state.ids["run"]),
                baseline=self._base_model,
                judge=self._judge,
                user=self.owner,
                sampling=Sampling(n=1, temperature=0.7, max_tokens=36, seed=7),
                dtype=self.dtype,
            ).pk

        pk = self._once("evaluation", make)
        self._watch_job("Evaluate against the base", Evaluation.objects.get(pk=pk).job_id)

    # ── and back to people ───────────────────────────────────────────────────

    def campaign(self) -> None:
        def make() -> int:
            campaign = campaign_create(
                project=self._project,
                name="Which answer is better?",
                pairs=Pair.objects.filter(prompt__project=self._project, prompt__split="train"),
                form=TaskForm(rationale=Rationale(reasons=REASONS)),
                overlap=2,
                overlap_cap=3,
                guidelines=GUIDELINES,
                user=self.owner,
                order=Campaign.Order.UNCERTAINTY,
                control_share=0.2,
                seed=7,
                limit=60,
                daily_goal=30,
            )
            campaign_start(campaign=campaign)
            return campaign.pk

        self._once("campaign", make)

    # ── how a step is done once ──────────────────────────────────────────────

    def _once(self, name: str, make: Callable[[], int]) -> int:
        if name not in self.state.ids:
            self.state.remember(name, make())
        return self.state.ids[name]

    def _job(self, name: str, label: str, make: Callable[[], Job]) -> None:
        self._watch_job(label, self._once(name, lambda: make().pk))

    def _watch_job(self, label: str, pk: int) -> None:
        def standing() -> Standing:
            job = Job.objects.only("done", "total", "state", "message", "error").get(pk=pk)
            ended_badly = job.state in {Job.State.FAILED, Job.State.CANCELLED}
            return Standing(
                job.done,
                job.total,
                job.state == Job.State.DONE,
                job.message,
                (job.error or "it was cancelled") if ended_badly else "",
            )

        watch(self.console, label, standing)

    @property
    def _project(self) -> Project:
        return Project.objects.get(pk=self.state.ids["project"])

    @property
    def _base_model(self) -> ModelVersion:
        return ModelVersion.objects.get(pk=self.state.ids["base_model"])

    @property
    def _judge(self) -> Judge:
        return Judge.objects.get(pk=self.state.ids["judge"])

    @property
    def _version(self) -> DatasetVersion:
        return DatasetVersion.objects.get(pk=self.state.ids["version"])
