"""Where the methods of the nvinfer1 API have their bodies, and how each is made to do nothing on request.

A row of docs/nvinfer1-methods.md is a method that clients call. Most have a body in the public headers, which passes the
call on; those of pure virtual classes have theirs in the adapters, and those of interfaces that clients implement have
theirs in the tests. `instrument` puts a question in front of each body: was it emptied?"""
import collections
import pathlib
import re

from api_table import row_id

Body = collections.namedtuple("Body", "owner name parameters returns at text")

RUNTIME = r'''#pragma once
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>

namespace emptying {

inline char const* wanted() {
  static char const* const id = std::getenv("TENON_EMPTIED");
  return id;
}
inline bool odd() { return wanted() && wanted()[0] == '!'; }

/// Whether the body `id` shall do nothing. TENON_CALLED names a file that gets the id of every body that is entered.
inline bool emptied(char const* id) {
  static char const* const log = std::getenv("TENON_CALLED");
  if (log) {
    static std::mutex mutex;
    static std::set<std::string>* seen = new std::set<std::string>;
    std::lock_guard<std::mutex> const lock(mutex);
    if (seen->insert(id).second) {
      if (FILE* file = std::fopen(log, "a")) std::fprintf(file, "%s\n", id), std::fclose(file);
    }
  }
  return wanted() && std::strcmp(wanted() + (odd() ? 1 : 0), id) == 0;
}

template <class T>
T value(std::true_type, std::false_type) { return static_cast<T>(odd() ? 1 : 0); }
template <class T>
T value(std::false_type, std::true_type) {
  static long block[512];
  return odd() ? (T)(void*)block : nullptr;
}
template <class T>
T value(std::false_type, std::false_type) {
  T result{};
  int const one = 1;
  if (odd()) std::memcpy((void*)&result, &one, sizeof result < 4 ? sizeof result : 4);
  return result;
}

/// Becomes the zero of any type; with a '!' in front of the id a value that is not zero.
struct Nothing {
  template <class T>
  operator T() const { return value<T>(std::integral_constant<bool, std::is_arithmetic<T>::value || std::is_enum<T>::value>(), std::is_pointer<T>()); }
};
struct NothingReferred {
  template <class T>
  operator T&() const {
    static long block[8192];
    return *(T*)(void*)block;
  }
};

}  // namespace emptying
'''


def blank(text):
    """The text with comments and what is inside quotes replaced by spaces: positions stay."""
    pattern = r'//[^\n]*|/\*[\s\S]*?\*/|R"\(([\s\S]*?)\)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(text, at, pair):
    """The position behind the bracket that closes the one before `at`."""
    depth = 1
    while depth and at < len(text):
        depth += {pair[0]: 1, pair[1]: -1}.get(text[at], 0)
        at += 1
    return at


def count_parameters(text):
    text = re.sub(r"<[^<>]*>", "", text)
    depth, count = 0, 1
    for c in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(c, 0)
        count += c == "," and depth == 0
    return count if text.strip() else 0


QUALIFIERS = re.compile(r"\s*(?:const\b|noexcept\b(?:\s*\([^)]*\))?|override\b|final\b|\s)*")


def body_behind(text, at):
    """Behind a parameter list: (position behind '{', position of the end), or None for a declaration."""
    at = QUALIFIERS.match(text, at).end()
    return (at + 1, closing(text, at + 1, "{}")) if text[at:at + 1] == "{" else None


def members(text, owner, start, end):
    """Every method of a class whose body text[start:end] is: declared (at is None) or defined."""
    at = boundary = start
    while at < end:
        match = re.compile(r"[;{}]|\b(?:public|protected|private)\s*:|(\w+)\s*\(").search(text, at, end)
        if not match:
            return
        at = match.end()
        if not match.group(1):
            if match.group() == "{":  # a nested class, an enum, an initializer
                at = closing(text, at, "{}")
            boundary = at
            continue
        behind = closing(text, at, "()")
        parameters, returns = count_parameters(text[at:behind - 1]), " ".join(text[boundary:match.start(1)].split())
        body = body_behind(text, behind)
        if returns and not returns.endswith(("~", ":", ",")):
            yield Body(owner, match.group(1), parameters, returns, body and body[0], text[body[0]:body[1] - 1].strip() if body else "")
        at = boundary = body[1] if body else behind


def classes(text):
    """(name, what it derives from, start, end) of every class; nested ones too."""
    for match in re.finditer(r"(?<!enum )\b(?:class|struct)\s+(?:TRT_\w+\s+|TENSORRTAPI\s+)*(\w+)\s*(?:final\s*)?(:[^;{()]*)?\{", text):
        yield match.group(1), match.group(2) or "", match.end(), closing(text, match.end(), "{}") - 1


def bases_in(text):
    return {name.replace("nvinfer1::", "").replace("nv::", "").split("nvonnxparser::")[-1] for name in re.findall(r"\b(?:\w+::)*I[A-Z]\w+", text)}


def definitions(text):
    """Methods defined outside of their class."""
    for match in re.finditer(r"^([A-Za-z][\w:<>,&* ]*?[\s*&])(\w+)::(\w+)\s*\(", text, re.MULTILINE):
        behind = closing(text, match.end(), "()")
        body = body_behind(text, behind)
        if body:
            yield Body(match.group(2), match.group(3), count_parameters(text[match.end():behind - 1]), match.group(1).strip(), body[0], text[body[0]:body[1] - 1].strip())


def match_overloads(rows, found):
    """(row, body) of one class and method: by the number of parameters, then in order."""
    rest = list(found)
    for row in rows:
        wanted = None if row[3] == "level 10" else count_parameters(row[3])
        for body in [b for b in rest if wanted in (None, b.parameters)][:None if wanted is None else 1]:
            rest.remove(body)
            yield row, body


def question(body, row):
    words = re.sub(r"\b(?:virtual|inline|static|constexpr|TRT_\w+)\b", "", body.returns).split()
    nothing = "" if words == ["void"] else " emptying::NothingReferred{}" if words[-1].endswith("&") else " emptying::Nothing{}"
    return f' if (emptying::emptied("{row}")) return{nothing}; '


class Sites:
    """The bodies of all rows, and the files with a question in front of each."""

    def __init__(self, root, rows):
        self.root, self.edits, self.bodies = pathlib.Path(root), collections.defaultdict(list), collections.defaultdict(list)
        self.texts, self.implements = {}, collections.defaultdict(set)
        self.by_class = collections.defaultdict(lambda: collections.defaultdict(list))  # plain class -> method -> rows
        for row in rows:
            self.by_class[row[0], row[1].split("::")[-1]][row[2]].append(row)
        self.bodiless = collections.defaultdict(lambda: collections.defaultdict(list))  # what classes below may define, by class
        for path in sorted((self.root / "include").glob("Nv*.h")):
            self.read_header(path)
        for pattern in ("src/nv*/**/*.h", "src/nv*/**/*.cpp", "tests/nvinfer1/*.h", "tests/nvinfer1/*.cpp", "examples/nvinfer1/*.h", "examples/nvinfer1/*.cpp"):
            for path in sorted(self.root.glob(pattern)):
                self.read_bases(path)
        for path in self.texts:
            self.read_implementations(path)

    def take(self, path, rows, found):
        for row, body in match_overloads(rows, found):
            if path.parent.name == "include" and (body.at is None or "virtual" in body.returns.split()):
                self.bodiless[row[1]][row[2]].append(row)
            if body.at is not None:
                name = row_id(*row[1:4])
                self.edits[path].append((body.at, question(body, name)))
                self.bodies[name].append(body.text)

    def read_header(self, path):
        text = blank(path.read_text())
        for owner, bases, start, end in classes(text):
            self.implements[owner].update(bases_in(bases))
            found = collections.defaultdict(list)
            for body in members(text, owner, start, end):
                found[body.name].append(body)
            for method, rows in self.by_class[path.name, owner].items():
                self.take(path, rows, found[method])

    def read_bases(self, path):
        self.texts[path] = text = blank(path.read_text())
        for owner, bases, _, _ in classes(text):
            self.implements[owner].update(bases_in(bases))

    def interfaces(self, owner):
        """The classes of the list that it derives from."""
        bases, todo = set(), [owner]
        while todo:
            more = self.implements.get(todo.pop(), set()) - bases
            bases |= more
            todo += more
        return [known for known in self.bodiless for base in bases if known == base or known.split("::")[-1] == base and not known.startswith("safe::")]

    def read_implementations(self, path):
        text, found = self.texts[path], collections.defaultdict(list)
        for owner, _, start, end in classes(text):
            for body in members(text, owner, start, end):
                found[owner, body.name].append(body)
        for body in definitions(text):
            found[body.owner, body.name].append(body)
        for (owner, method), bodies in found.items():
            for base in self.interfaces(owner):
                rows = self.bodiless[base][method]
                if rows:
                    self.take(path, rows, [b for b in bodies if b.at is not None])

    def instrument(self, copy):
        """Writes the files into the copy of the repository."""
        (copy / "include/Emptying.h").write_text(RUNTIME)
        for path, edits in self.edits.items():
            text = path.read_text()
            for at, words in sorted(set(edits), reverse=True):
                text = text[:at] + words + text[at:]
            text = '#include "Emptying.h"\n' + text
            (copy / path.relative_to(self.root)).write_text(text)
