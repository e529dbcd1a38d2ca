"""Holds an envelope against docs/envelope.schema.json, with the keywords that the schema uses."""
import re

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list, "null": type(None)}


def has_type(value, name):
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, TYPES[name])


def resolved(schema, root):
    """What "$ref": "#/path" stands for, with the keywords beside it."""
    if "$ref" not in schema:
        return schema
    target = root
    for part in schema["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{k: v for k, v in schema.items() if k != "$ref"}}


def problems(value, schema, where="$", root=None):
    root = root or schema
    schema = resolved(schema, root)
    unknown = set(schema) - {"type", "const", "enum", "pattern", "properties", "required", "additionalProperties", "items",
                             "description", "title", "$schema", "$id", "$defs"}
    assert not unknown, f"the schema uses keywords this check does not know: {unknown}"
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {schema['const']!r} expected, found {value!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: one of {schema['enum']} expected, found {value!r}")
    types = schema.get("type")
    if types is not None:
        types = types if isinstance(types, list) else [types]
        if not any(has_type(value, t) for t in types):
            return found + [f"{where}: {types} expected, found {value!r}"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} does not match {schema['pattern']}")
    if isinstance(value, dict):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        found += [f"{where}: {name!r} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name in properties:
                found += problems(item, properties[name], f"{where}.{name}", root)
            elif rest is False:
                found.append(f"{where}: {name!r} is not in the schema")
            elif isinstance(rest, dict):
                found += problems(item, rest, f"{where}.{name}", root)
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            found += problems(item, schema["items"], f"{where}[{i}]", root)
    return found
