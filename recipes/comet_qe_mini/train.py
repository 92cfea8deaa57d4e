"""Trains comet-qe-mini and writes it as a COMET checkpoint.

    python -m recipes.comet_qe_mini.train data=FOLDER wheel=FILE output=FOLDER

``config.yaml`` holds every setting. Only ``train`` files and the part of ``parallel/`` that is not held out are trained
on; ``qe/ro-en.dev`` is scored now and then, to choose by. With one seed and one number of threads, two runs agree up to
floating point.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import torch
from omegaconf import DictConfig
from scipy.stats import pearsonr, spearmanr
from torch.nn import functional

from recipes.comet_qe_mini import corpora, e5_file, network, teacher, vocabulary
from recipes.comet_qe_mini.checkpoint import write_checkpoint
from recipes.comet_qe_mini.corpora import Example, Parallel
from recipes.comet_qe_mini.synthetic import CHAINS, Corruptor, rule_based

SHIPPED = frozenset({"pt", "ro"})
FOREIGN = ("et", "ru", "ne", "si")
#: How often each kind of parallel text is drawn, so that manuals and scripture do not drown the rest.
SHARES = {
    "pt": {"oss": 0.34, "bible": 0.14, "tatoeba": 0.2, "tico19": 0.17, "mt-geneval": 0.15},
    "ro": {"ro-sts": 0.38, "tatoeba": 0.15, "oss": 0.17, "post-edit": 0.3},
}


def pieces(config: DictConfig, data: Path, encoder: e5_file.Encoder) -> network.Pieces:
    """The vocabulary that ships, chosen by what the corpora use, and what the other languages need while training."""
    path = Path(config.output) / "pieces.pt"
    if not path.is_file():
        weighted: list[tuple[float, Sequence[str]]] = []
        for lang in sorted(SHIPPED):
            weighted += _by_origin(config.vocabulary[lang] / 2, corpora.rows(data, f"parallel/{lang}-en"), "source")
            weighted += _by_origin(config.vocabulary[lang] / 2, corpora.rows(data, f"mono/{lang}"), "text")
            weighted += _by_origin(config.vocabulary.en / 4, corpora.rows(data, f"parallel/{lang}-en"), "english")
        weighted += _by_origin(config.vocabulary.en / 4, corpora.rows(data, "mono/en"), "text")
        scored = {lang: corpora.rows(data, f"qe/{lang}-en.train") for lang in ("ro", *FOREIGN)}
        weighted.append((config.vocabulary.ro / 2, [row["source"] for row in scored["ro"]]))
        weighted += [(config.vocabulary.en / 8, [row["hypothesis"] for row in found]) for found in scored.values()]
        kept = vocabulary.choose(encoder.pieces, weighted, config.pieces)
        whole = vocabulary.unigram(encoder.pieces)
        foreign = [row["source"] for lang in FOREIGN for row in scored[lang]]
        used = {id_ for found in whole.encode_batch(foreign) for id_ in found.ids}
        torch.save({"kept": kept, "extra": sorted(used.difference(kept))}, path)
    chosen = torch.load(path, weights_only=True)
    return network.Pieces(encoder, chosen["kept"], chosen["extra"], config.most_pieces)


def _by_origin(weight: float, rows: list[dict[str, Any]], key: str) -> list[tuple[float, Sequence[str]]]:
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(corpora.origin(row), []).append(row[key])
    return [(weight / len(texts), found) for found in texts.values()]


def assessed(config: DictConfig, data: Path, model: network.Trainee, known: network.Pieces) -> list[Example]:
    """ro-en's scored pairs, their scores part people's and part the teacher's; the model is as it was pretrained."""
    found = corpora.scored(data, "ro", "train", config.da_mean, config.da_spread)
    path = Path(config.output) / "teacher.npy"
    if not path.is_file():
        means = teacher.pooled(model, known.inputs(found, SHIPPED), config.teacher.layers)
        human = np.array([example.score for example in found])
        opinions = teacher.opinions(means, human, config.seed)
        print(f"teacher: Pearson {pearsonr(opinions, human)[0]:.4f} with people, out of fold", flush=True)
        np.save(path, opinions)
    share = config.teacher.share
    return [
        dataclasses.replace(example, score=(1 - share) * example.score + share * min(1.0, max(0.0, float(opinion))))
        for example, opinion in zip(found, np.load(path), strict=True)
    ]


def examples(
    config: DictConfig, stage: DictConfig, data: Path, romanian: list[Example], draw: random.Random
) -> list[Example]:
    """What a stage is trained on; ``romanian`` is what ``assessed`` gives."""
    made: list[Example] = []
    for lang in sorted(SHIPPED):
        pairs = corpora.parallel(data, lang, held_out=False)
        if lang == "ro":
            pairs += corpora.post_edited(data)
        by_origin: dict[str, list[Parallel]] = {}
        for pair in pairs:
            if len(pair.source) + len(pair.english) < 700 and pair.english.split():
                by_origin.setdefault(pair.origin, []).append(pair)

        def drawn(count: int, lang: str = lang, by_origin: dict[str, list[Parallel]] = by_origin) -> list[Parallel]:
            shares = {origin: share for origin, share in SHARES[lang].items() if origin in by_origin}
            origins = draw.choices(list(shares), list(shares.values()), k=count)
            return [draw.choice(by_origin[origin]) for origin in origins]

        corruptor = Corruptor([pair for found in by_origin.values() for pair in found], draw)
        made += [corruptor.example(pair) for pair in drawn(stage.corrupted[lang])]
        for modes in CHAINS[lang]:
            made += rule_based(drawn(stage.rule_based[lang]), modes)
    for lang, times in stage.scored.items():
        found = romanian
        if lang != "ro":
            found = corpora.scored(data, lang, "train", config.da_mean, config.da_spread)
        whole = int(times)
        made += found * whole + draw.sample(found, round(len(found) * (times - whole)))
    return made


def plan(inputs: Sequence[network.Input], tokens: int, draw: random.Random) -> Iterator[list[int]]:
    """Batches for one pass, of inputs about equally long, in random order."""
    order = list(range(len(inputs)))
    draw.shuffle(order)
    pools = [order[at : at + 4000] for at in range(0, len(order), 4000)]
    batches = [batch for pool in pools for batch in network.by_length(inputs, tokens, pool)]
    draw.shuffle(batches)
    yield from batches


def train(
    config: DictConfig,
    name: str,
    model: network.Trainee,
    known: network.Pieces,
    data: Path,
    romanian: list[Example],
) -> None:
    """One stage, from the weights that the model has."""
    stage = config.stages[name]
    draw = random.Random(f"{config.seed} {name}")
    torch.manual_seed(draw.getrandbits(32))
    found = examples(config, stage, data, romanian, draw)
    inputs, labels = known.inputs(found, SHIPPED), known.labels(found)
    short = [index for index, ids in enumerate(inputs) if max(map(len, ids)) <= stage.longest]
    print(f"{name}: {len(short)} examples; {len(inputs) - len(short)} longer than {stage.longest} are left out")
    found, inputs, labels = ([items[index] for index in short] for items in (found, inputs, labels))  # type: ignore[assignment]
    batches = list(plan(inputs, stage.tokens, draw))

    dev = corpora.scored(data, "ro", "dev", config.da_mean, config.da_spread)
    dev_inputs = known.inputs(dev, SHIPPED)
    dev_gold = [row["da_z"] for row in corpora.rows(data, "qe/ro-en.dev")]

    if not model.mean.any():
        model.fit_scale(inputs[-2000:])  # of scored pairs, which come last
    trained = [(key, weight) for key, weight in model.named_parameters() if weight.requires_grad]
    groups = [
        {
            "params": [
                weight for key, weight in trained if ("encoder." in key) is inside and (weight.ndim > 1) is matrix
            ],
            "weight_decay": 0.01 if matrix else 0.0,
            "peak": stage.encoder_learning_rate if inside else stage.learning_rate,
        }
        for inside in (True, False)
        for matrix in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
    average = {name: weight.detach().clone() for name, weight in trained} if stage.average else {}
    model.set_dropout(stage.dropout)
    started, seen, summed = time.monotonic(), 0, np.zeros(2)

    def evaluate(label: str) -> None:
        scores = network.predict(model, dev_inputs)
        pearson, spearman = pearsonr(scores, dev_gold)[0], spearmanr(scores, dev_gold)[0]
        print(f"  {label}: ro-en dev Pearson {pearson:.4f} Spearman {spearman:.4f}", flush=True)

    for step, chosen in enumerate(batches):
        rate = min(1.0, (step + 1) / (0.06 * len(batches))) * max(0.02, 1 - step / len(batches))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["peak"]
        model.train()
        ids = network.batch([inputs[index] for index in chosen])
        score, weight = (
            torch.tensor([getattr(found[index], key) for index in chosen], dtype=torch.float32)
            for key in ("score", "weight")
        )
        wanted = torch.full((len(chosen), ids.shape[1]), -1.0)
        for row, index in enumerate(chosen):
            if (marks := labels[index]) is not None:
                wanted[row, 1 : 1 + len(marks)] = torch.tensor(marks)
        with torch.autocast("cpu", torch.bfloat16):
            logits, wrong = model(ids)
        missed = functional.binary_cross_entropy_with_logits(logits, score, reduction="none")
        squared = (torch.sigmoid(logits) - score).square()
        sentence_loss = ((missed + 4 * squared) * weight).mean()
        marked = wanted >= 0
        word_loss = functional.binary_cross_entropy_with_logits(
            wrong.float()[marked], wanted[marked], reduction="sum"
        ) / max(1, int(marked.sum()))
        loss = sentence_loss + stage.word_loss * word_loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_([weight for _, weight in trained], 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        for key, weight in trained if average else ():
            average[key].lerp_(weight.detach(), 1 - min(stage.average, (step + 1) / (step + 10)))
        seen += ids.numel()
        summed += (squared.mean().item(), word_loss.item())
        if (step + 1) % 200 == 0:
            rms, words = (summed / 200).tolist()
            speed = seen / (time.monotonic() - started)
            print(
                f"  step {step + 1}/{len(batches)} squared error {rms:.4f} words {words:.4f} {speed:.0f} tokens/s "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )
            summed[:] = 0
        if (step + 1) % 1000 == 0:
            evaluate(f"step {step + 1}")
    evaluate("last")
    if average:
        model.load_state_dict(average, strict=False)
        evaluate("average")


@hydra.main(version_base="1.3", config_path=".", config_name="config")
def main(config: DictConfig) -> None:
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    data, output = Path(config.data), Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    encoder = e5_file.read(Path(config.wheel), config.encoder_sha256)
    known = pieces(config, data, encoder)
    folder = network.write_encoder(output / "encoder", encoder, known.kept, config.layers)
    model = network.Trainee(encoder, known, folder, config.layers, config.hidden)
    romanian = assessed(config, data, model, known)
    for name in config.stages:
        path = output / f"{name}.pt"
        if path.is_file():
            model.load_state_dict(torch.load(path, weights_only=True))
            continue
        train(config, str(name), model, known, data, romanian)
        torch.save(model.state_dict(), path)
    write_checkpoint(output / "comet-qe-mini", model, known, encoder, config.layers, config.hidden)


if __name__ == "__main__":
    main()
