"""Translating with transformers as its documentation shows: batches of 8 in the order of the file.

python benchmarks/translating_peer.py CHECKPOINT SOURCE OUTPUT MOST
"""

import sys
from pathlib import Path

from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

checkpoint, source, output, most = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint)
lines = Path(source).read_text(encoding="utf-8").splitlines()
with Path(output).open("w", encoding="utf-8") as stream:
    for start in range(0, len(lines), 8):
        inputs = tokenizer(lines[start : start + 8], return_tensors="pt", padding=True, truncation=True)
        made = model.generate(**inputs, num_beams=4, max_new_tokens=int(most))
        for text in tokenizer.batch_decode(made, skip_special_tokens=True):
            stream.write(f"{text}\n")
