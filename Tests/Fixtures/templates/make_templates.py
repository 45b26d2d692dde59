#!/usr/bin/env python3
"""Renders our own chat templates with jinja2 in the environment of transformers and stores what came
out, byte for byte: constructs.json (one construct each), errors.json (what fails, and the line),
full.json (the *.jinja files here with each conversation).

  make_templates.py                  the fixtures beside this script
  make_templates.py --folder FOLDER  goldens.json in FOLDER for the *.jinja files there
                                     (for a run with QUIRE_TEMPLATE_DIR=FOLDER)
  make_templates.py --cases FILE     expectations for a list of {name, source, variables}, to stdout
"""
import copy
import datetime
import hashlib
import json
import pathlib
import sys
import traceback

import jinja2
import transformers
from transformers.utils import chat_template_utils as reference

HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2026, 3, 7, 14, 5, 9)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def render(source, variables):
    """What the reference makes of a template: text and ranges, or the kind and line of the error."""
    try:
        template = reference._cached_compile_jinja_template(source)
    except jinja2.TemplateSyntaxError as error:
        return {"error": {"kind": "syntax", "line": error.lineno, "message": error.message}}
    except (SyntaxError, UnicodeError, ValueError, RecursionError) as error:
        return {"error": {"kind": "syntax", "line": 0, "message": str(error)}}
    template.globals["strftime_now"] = lambda format: NOW.strftime(format)
    # The reference's `indent` changes a list it is given.
    variables = copy.deepcopy({**TOKENS, **variables})
    known = {
        name: variables.pop(name, default)
        for name, default in [
            ("messages", []), ("tools", None), ("documents", None), ("add_generation_prompt", False)
        ]
    }
    try:
        text, ranges = reference._render_with_assistant_indices(template, **known, **variables)
        text.encode()
        return {"text": text, "generation": ranges}
    except Exception as error:
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename in ("<template>", "<unknown>")
        ]
        raised = type(error) is jinja2.exceptions.TemplateError
        return {
            "error": {
                "kind": "raised" if raised else "run",
                "line": lines[-1] if lines else 0,
                "message": f"{type(error).__name__}: {error}",
            }
        }


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather.\nOf \"today\" only.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "the CITY's name, e.g. Zürich"},
                "units": {"type": ["string", "null"], "enum": ["°C", "°F"]},
                "days": {"type": "array", "items": {"type": "integer"}, "default": [1.0, 2.5e-7]},
            },
            "required": ["city"],
        },
        "return": {"type": "string"},
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "clock", "description": "Says the time.",
        "parameters": {"type": "object", "properties": {}},
    },
}


def user(content): return {"role": "user", "content": content}


def assistant(content, **more): return {"role": "assistant", "content": content, **more}


def system(content): return {"role": "system", "content": content}


def call(name, arguments, id): return {
    "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


CONVERSATIONS = {
    "plain": {"messages": [user("Hello, who are you?")]},
    "prompted": {"messages": [user("Hello")], "add_generation_prompt": True},
    "system": {"messages": [system("  Be brief.\n"), user("Hi")], "add_generation_prompt": True},
    "turns": {
        "messages": [
            system("Be kind."), user("1 + 1?"), assistant("2"), user(" and 2 + 2? "),
            assistant("\n4\n"), user("Thanks"),
        ],
        "add_generation_prompt": True,
    },
    "answered": {"messages": [user("a"), assistant("b"), user("c"), assistant("d")]},
    "empty": {"messages": [user(""), assistant(""), user("")], "add_generation_prompt": True},
    "unicode": {
        "messages": [
            system("Grüße, 世界 🌍👩‍👩‍👧"), user("é e\u0301 \u200b \ufeff \u2028 ｆｕｌｌ"), assistant("ЖЫ नमस्ते"),
            user("\u00a0nbsp\u00a0"),
        ]
    },
    "special": {
        "messages": [
            user("<|im_start|>system\nignore<|im_end|> </s><s> [INST]"),
            assistant("<end_of_turn><|eot_id|>"), user("<|end|>"),
        ],
        "add_generation_prompt": True,
    },
    "jinja": {
        "messages": [
            user("{{ 7*7 }} {% raw %} {# x #}"), assistant("{% generation %}"), user("%}}}{{"),
        ]
    },
    "thinking": {
        "messages": [
            user("q"), assistant("<think>\nhm\n</think>\n\nanswer"), user("again"),
            assistant("<think>a</think>b"),
        ]
    },
    "tools": {
        "messages": [system("Use tools."), user("Weather in Zürich?")],
        "tools": [WEATHER, CLOCK], "add_generation_prompt": True,
    },
    "calls": {
        "messages": [
            user("Weather?"),
            assistant(None, tool_calls=[call("get_weather", {"city": "Zürich", "n": 3}, "abcdefghi")]),
            {"role": "tool", "content": "{\"t\": 21.5}", "tool_call_id": "abcdefghi", "name": "get_weather"},
            assistant("21.5 degrees."), user("And the <time>?"),
        ],
        "tools": [WEATHER], "add_generation_prompt": True,
    },
    "two calls": {
        "messages": [
            user("Both?"),
            assistant("", tool_calls=[
                call("get_weather", {"city": "A'b\"c", "deep": {"x": [1, 2.0, None, True, 1e20]}}, "123456789"),
                call("clock", {}, "987654321"),
            ]),
            {"role": "tool", "content": "sun", "tool_call_id": "123456789"},
            {"role": "tool", "content": "noon", "tool_call_id": "987654321"},
        ],
        "tools": [WEATHER, CLOCK],
    },
    "documents": {
        "messages": [user("Who?")],
        "documents": [{"title": "One", "text": "first text"}, {"title": "Zwei", "text": "zweiter\nText"}],
        "add_generation_prompt": True,
    },
    "parts": {
        "messages": [user([{"type": "text", "text": "look "}, {"type": "image"}]), assistant("ok")],
    },
    "wrong order": {"messages": [assistant("I begin"), user("no")]},
    "variables": {
        "messages": [user("Hi")], "add_generation_prompt": True, "enable_thinking": False,
        "date_string": "1 Jan 2000", "controls": {"length": "short"}, "tools_in_user_message": False,
        "tools": [CLOCK],
    },
    "none": {"messages": []},
}

DATA = {
    "messages": [user("Hi there"), assistant("Yo"), user("Ünï 🌍")],
    "tools": [WEATHER],
    "names": ["b", "A", "c", "a", "B"],
    "numbers": [3, 1, 2, 10, -4],
    "mixed": [1, 2.0, "x", None, True, [1], {"k": "v"}],
    "people": [
        {"name": "Zoe", "age": 30, "city": {"name": "Bonn"}}, {"name": "adam", "age": 25},
        {"name": "Bob", "age": 30, "city": {"name": "aachen"}},
    ],
    "map": {"b": 1, "A": 2, "items": 3, "_x": 4, "nested": {"deep": [1, {"z": "end"}]}},
    "text": "  The quick\tbrown fox\n jumps  ",
    "word": "straße ΑΣ ﬁne",
    "x": 7, "zero": 0, "pi": 3.14159, "big": 1e22, "small": 1.5e-7, "empty": "", "nothing": None,
}

# One construct each; a tuple adds variables.
CONSTRUCTS = [
    "plain text\nwith lines\n", "trailing newlines\n\n\n", "a\r\nb\rc", "", "\n", "{{ x }}\n", "{{ x }}\n\n",
    "{% if x %}\nyes\n{% endif %}\nend", "  {% if x %}  \n  yes\n  {% endif %}  end",
    "a  {%- if x %}  b  {%- endif %}  c", "a  {%+ if x %}  b{% endif +%}\nc", "a\n  {{- x -}}  \nb", "a  {#- c -#}  b",
    "a\n  {# c #}\nb", "a {# c #} b\n", "a\n    {#+ c +#}\nb", "{#-#}x{#- -#}y", "{# {{ x }} {% if %} #}z",
    "{% raw %}{{ x }} {% if %}{% endraw %}!", "a\n  {%- raw -%}\n  {{ x }}\n  {%- endraw -%}\n b", "  {% raw %}\n x\n  {% endraw %}\ny",
    "{{ '}}' }}{{ \"%}\" }}{{ '{{' }}", "{{ {'a': {'b': 1}} }}", "{{ {'a':{'b':{'c':1}}}['a']['b'] }}", "{%if x%}1{%endif%}{{x}}",
    "{% for m in messages %}{{ m.role }}:{{ m['content'] }};{% endfor %}", "{% for k, v in map.items() %}{{ k }}={{ v }},{% endfor %}",
    "{% for k in map %}{{ k }} {% endfor %}", "{% for c in 'añ🌍' %}[{{ c }}]{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}",
    "{% for x in numbers if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}",
    "{% for x in numbers if x > 100 %}{{ x }}{% else %}no{% endfor %}", "{% for x in numbers %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in numbers %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in [1] %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}|{% endfor %}",
    "{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "{% for x in 'abcd' %}{{ loop.cycle('1', '2', '3') }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in [1,2] %}{% for y in [3,4] %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}", "{% for (a, (b, c)) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in range(3) %}{% for y in range(x) %}{{ y }}{% else %}-{% endfor %}{% endfor %}", "{% for x in 1, 2, 3 %}{{ x }}{% endfor %}",
    "{% set a = 1 %}{% for x in [1,2] %}{% set a = a + x %}{{ a }}{% endfor %}{{ a }}", "{% if 1 %}{% set a = 5 %}{% endif %}{{ a }}",
    "{% set ns = namespace(a=1) %}{% for x in numbers %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }} {{ ns.b is defined }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}", "{% set a = 1, %}{{ a }}", "{% set t %}x{{ x }}y{% endset %}[{{ t }}]{{ t | length }}",
    "{% set t | upper | trim %}  abc {% endset %}[{{ t }}]", "{% filter upper %}abc {{ x }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}banana{% endfilter %}",
    "{% macro m(a, b=2, c='z') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(c=1, a=2) }}{{ m() }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 'a', k=2) }}", "{% macro m(x) %}{{ caller(x) }}!{% endmacro %}{% call(y) m(3) %}<{{ y }}>{% endcall %}",
    "{% macro m() %}{{ caller() if caller else 'none' }}{% endmacro %}{{ m() }}{% call m() %}body{% endcall %}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}", "{% macro m() %}{{ g }}{% endmacro %}{% set g = 1 %}{{ m() }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m() %}  x  {% endmacro %}[{{ m() | trim }}]{{ m is callable }}{{ m.name }}",
    "{% with a = 1, b = x %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "a{% generation %}bé{% endgeneration %}c{% generation %}🌍{% endgeneration %}", "{% for m in messages %}{{ m.role }}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}",
    "x {%- generation -%} y {%- endgeneration -%} z", "{% set a = 1 %}{% generation %}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}",
    "{% macro m() %}{% generation %}in{% endgeneration %}{% endmacro %}ab{{ m() }}cd",
    "{{ 1 }} {{ 1.0 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1_000 }} {{ 0x1f }} {{ 0b11 }} {{ 0o17 }} {{ 1e22 }} {{ 1e16 }} {{ 123456789012345680.0 }} {{ 0.0001 }} {{ 0.00001 }}",
    "{{ 'a' 'b' \"c\" }} {{ 'tab\\tnl\\nq\\'q\\\\ \\x41\\u00e9\\U0001F30D\\101 \\q \\é' }}", "{{ [1, 'a', none, true, 2.0, [], {}, ()] }} {{ (1,) }} {{ (1, 2) }} {{ {'k': 'v', 1: 2} }}",
    "{{ ['it\\'s', 'say \"x\"', 'both \\' \"', 'n\\n', '\\x00\\x7f\\u200b\\ufeffé🌍'] }}", "{{ true }}{{ True }}{{ false }}{{ none }}{{ None }}",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % -3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 6 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}",
    "{{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7.5 % -2 }} {{ 1.1 + 2.2 }} {{ 1 - 0.9 }} {{ 3 * 'ab' }} {{ [1] * 3 }} {{ 'a' * 0 }} {{ true + 1 }}",
    "{{ 'a' ~ 1 ~ none ~ 2.5 ~ [1] ~ undefined_thing }}", "{{ (1 + 2) * 3 }} {{ 2 * 3 ~ 4 * 5 }} {{ 1 + 2 * 3 - 4 }} {{ not 1 == 2 }} {{ -x + +x }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 'é' > 'z' }} {{ 1 != 2 }} {{ 2 >= 2 }} {{ 2 <= 1 }}",
    "{{ 'a' in 'abc' }} {{ 'x' not in 'abc' }} {{ 2 in [1, 2] }} {{ 'b' in map }} {{ 1 in (1,) }} {{ '' in '' }} {{ 3 in range(5) }} {{ none in [none] }}",
    "{{ 1 and 0 }} {{ '' or 'x' }} {{ 0 or '' or none }} {{ 1 and 2 and 3 }} {{ not '' }} {{ not not x }}", "{{ 'a' if x else 'b' }} {{ 'a' if zero else 'b' }} [{{ 'a' if zero }}] {{ 1 if 0 else 2 if 0 else 3 }}",
    "{{ [1,2] + [3] }} {{ (1,) + (2,) }} {{ [1,2] == (1,2) }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ none == undefined_thing }} {{ a == b }}",
    "{{ map.b }} {{ map['b'] }} {{ map.nested.deep[1].z }} {{ map.get('q') }} {{ map.get('q', 5) }} {{ map._x }} {{ map['items'] }} {{ map.items is callable }}",
    "{{ numbers[0] }} {{ numbers[-1] }} [{{ numbers[99] }}] {{ numbers.0 }} {{ text[2] }} {{ 'añ🌍'[2] }} {{ 'abc'[-1] }} {{ (1,2)[1] }} {{ numbers[true] }}",
    "{{ numbers[1:3] }} {{ numbers[:2] }} {{ numbers[-2:] }} {{ numbers[::-1] }} {{ numbers[::2] }} {{ 'añ🌍x'[1:3] }} {{ 'abcdef'[::-2] }} {{ 'abc'[5:] }}| {{ (1,2,3)[:2] }} {{ numbers[3:1:-1] }} {{ range(10)[2:8:2] | list }}",
    "[{{ undefined_thing }}] [{{ map.q }}] [{{ nothing.q }}] [{{ x.q }}] [{{ map['q'] }}]", "{{ undefined_thing | default('d') }} {{ '' | default('d') }} {{ '' | default('d', true) }} {{ none | d('n') }} {{ none | d('n', boolean=true) }}",
    "{{ undefined_thing | upper }}|{{ undefined_thing | length }}|{{ undefined_thing | list }}|{{ undefined_thing | join(',') }}|{% for q in undefined_thing %}{% endfor %}",
    "{{ x is defined }} {{ q is defined }} {{ q is undefined }} {{ nothing is none }} {{ x is not none }} {{ map.q is defined }}",
    "{{ 'a' is string }} {{ 1 is number }} {{ true is number }} {{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }}",
    "{{ map is mapping }} {{ [] is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ map is sequence }} {{ 1 is sequence }} {{ map.items() is sequence }} {{ numbers | select is iterable }} {{ 1 is iterable }} {{ q is sequence }} {{ q is iterable }} {{ q is callable }}",
    "{{ 3 is odd }} {{ 3 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 'a' is lower }} {{ 'A' is upper }} {{ 'aB' is lower }} {{ '1' is upper }} {{ none is sameas none }} {{ 1 is sameas true }}",
    "{{ 1 is eq 1 }} {{ 1 is ne 1 }} {{ 1 is lt 2 }} {{ 2 is ge 2 }} {{ 1 is in [1, 2] }} {{ 3 is not in [1] }} {{ 1 is equalto 1 }} {{ 3 is greaterthan 2 }} {{ not 1 is none }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ 'quux' is filter }}",
    "{{ tools | tojson }}", "{{ tools[0] | tojson(indent=2) }}", "{{ mixed | tojson(indent=None, separators=(',', ':')) }}", "{{ map | tojson(sort_keys=true, ensure_ascii=true) }}", "{{ ['é🌍', '<&>\\'\"\\\\', '\\n\\t\\r\\x08\\x0c\\x01\\x7f'] | tojson }} {{ 'é🌍\\x7f' | tojson(ensure_ascii=True) }}",
    "{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }} {{ [] | tojson(indent=2) }} {{ {} | tojson(2) }} {{ (1, [2, []]) | tojson(indent=1) }} {{ [1.0, 1e22, 1e-7, -0.0, 0.1] | tojson }} {{ [1] | tojson(indent='\\t') }}",
    "{{ text | trim }}| {{ '--a-' | trim('-') }} {{ text | length }} {{ names | length }} {{ map | count }} {{ 'añ🌍' | length }} {{ 5 | string + 'a' }} {{ [1] | string }}",
    "{{ [1, 'a', none] | join }} {{ [1, 2] | join(', ') }} {{ people | join('/', attribute='name') }} {{ map | join(',') }} {{ 'abc' | join('-') }}", "{{ map | items | list }} {{ map.items() | list }} {{ map.keys() | list }} {{ map.values() | list }} {{ map.items() }} {{ map.keys() }} {{ map.values() }} {{ map | list }} {{ 'ab' | list }}",
    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ people | selectattr('city') | map(attribute='name') | list }} {{ people | rejectattr('age', '==', 30) | map(attribute='name') | join }}",
    "{{ numbers | select('odd') | list }} {{ numbers | reject('gt', 2) | list }} {{ [0, 1, '', 'a', none] | select | list }} {{ numbers | select('in', [1, 2]) | list }} {{ names | select('upper') | join }}", "{{ names | map('upper') | join }} {{ names | map('replace', 'a', 'z') | list }} {{ people | map(attribute='city.name', default='?') | list }} {{ ['1', 'x'] | map('int', 5) | list }} {{ [[1], [2, 3]] | map('length') | sum }}",
    "{{ names | sort }} {{ names | sort(case_sensitive=true) }} {{ numbers | sort(reverse=true) }} {{ people | sort(attribute='age,name') | map(attribute='name') | list }} {{ people | sort(true, false, 'age') | map(attribute='name') | list }} {{ map | sort }}",
    "{{ map | dictsort }} {{ {'b': 2, 'a': 3} | dictsort(by='value') }} {{ map | dictsort(true) }} {{ {'b': 2, 'a': 3} | dictsort(reverse=true) }}", "{{ names | unique | list }} {{ names | unique(true) | list }} {{ [1, 1.0, true, 2] | unique | list }} {{ people | unique(attribute='age') | map(attribute='name') | list }}",
    "{{ names | first }} {{ names | last }} [{{ [] | first }}] [{{ [] | last }}] {{ 'abc' | first }} {{ 'abc' | last }} {{ map | first }} {{ map | last }} {{ names | reverse | list }} {{ 'añ🌍' | reverse }}", "{{ numbers | min }} {{ numbers | max }} {{ names | min }} {{ names | max(case_sensitive=true) }} {{ numbers | sum }} {{ people | sum('age') }} {{ [1.5, 2] | sum(start=10) }} {{ (people | max(attribute='age')).name }} [{{ [] | min }}]",
    "{{ word | upper }} {{ word | lower }} {{ word | capitalize }} {{ word | title }} {{ 'ΟΔΥΣΣΕΥΣ ΣΑΣ' | lower }} {{ \"they're bill's-pets (and) mine\" | title }} {{ 'hELLO wORLD' | capitalize }}", "{{ 'aXbX' | replace('X', '-') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'ab' | replace('', '-') }} {{ 12321 | replace(2, 'x') }} {{ 'aaa'.replace('a', 'b', 1) }}",
    "{{ 'a\nb\n\nc' | indent }}| {{ 'a\nb\n\nc' | indent(2, true) }}| {{ 'a\n\nb' | indent('> ', blank=true) }}| {{ 'a\n' | indent(3) }}| {{ '' | indent(first=true) }}|",
    "{{ '42' | int }} {{ '4.7' | int }} {{ 'x' | int }} {{ 'x' | int(-1) }} {{ '0x1f' | int(base=16) }} {{ 'ff' | int(0, 16) }} {{ 4.9 | int }} {{ -4.9 | int }} {{ true | int }} {{ ' 12 ' | int }} {{ '1_000' | int }} {{ none | int }} {{ '1e3' | int }}", "{{ '4.5' | float }} {{ 'x' | float }} {{ 'x' | float(1.5) }} {{ 3 | float }} {{ '1e3' | float }} {{ '.5' | float }} {{ '-inf' | float }} {{ 'nan' | float }} {{ '5.' | float }}",
    "{{ -3 | abs }} {{ (-3) | abs }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 42 | round }} {{ 42.7 | round | int }} {{ 1234.5 | round(-2) }} {{ 7 | round(1, 'floor') }}",
    "{{ [1,2,3,4,5] | batch(2) | list }} {{ [1,2,3] | batch(2, 0) | list }} {{ [1,2,3,4,5] | slice(2) | list }} {{ [1,2,3] | slice(2, 'f') | list }}", "{% for g in people | groupby('age') %}{{ g.grouper }}:{{ g.list | map(attribute='name') | join(',') }} {% endfor %}{% for city, list in people | groupby('city.name', default='none') %}{{ city }}={{ list | length }} {% endfor %}{{ people | groupby('age') | map('first') | list }}",
    "{{ 'The quick, brown fox_jumps é' | wordcount }} {{ '%s is %d years and %.2f%%' | format('x', 5, 1.005) }} {{ '%(a)s-%(b)05d' | format(a='q', b=42) }} {{ '%5s|%-5s|%05.1f|%x|%X|%o|%e|%g|%+d|%r|%c' % ('a', 'b', 2.25, 255, 255, 8, 12345.678, 0.0001, 5, 'q', 'z') }} {{ '%s' % 'one' }} {{ '%s' % [1] }}", "{{ '<a href=\"x\">&\\'' | e }} {{ '<b>' | escape }} {{ '<b>' | safe }} {{ 'a' | forceescape }} {{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'ab' | center(7) }}| {{ map | attr('q') }}|",
    "{{ text.strip() }}| {{ text.lstrip() }}| {{ text.rstrip() }}| {{ 'xxaxx'.strip('x') }} {{ 'abcba'.lstrip('ab') }} {{ '\\x1c a \\x85\\u3000'.strip() }}", "{{ text.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a b c d'.split(None, 1) }} {{ 'a b c d'.rsplit(' ', 1) }} {{ 'a  b c '.rsplit(None, 1) }} {{ 'abc'.split('x') }} {{ ''.split() }} {{ ''.split(',') }} {{ '  a b  c '.split(maxsplit=1) }}", "{{ 'a\\nb\\r\\nc\\x0bd\\u2028e\\n'.splitlines() }} {{ 'a\\nb'.splitlines(true) }} {{ ''.splitlines() }}",
    "{{ 'hello'.startswith('he') }} {{ 'hello'.startswith(('x', 'h')) }} {{ 'hello'.endswith('lo') }} {{ 'hello'.endswith(('x',)) }} {{ 'hello'.startswith('l', 2) }} {{ 'hello'.endswith('') }}", "{{ 'hello'.find('l') }} {{ 'hello'.find('z') }} {{ 'hello'.rfind('l') }} {{ 'hello'.index('e') }} {{ 'añ🌍a'.find('a', 1) }} {{ 'hello'.count('l') }} {{ 'aaaa'.count('aa') }} {{ 'abc'.count('') }} {{ numbers.count(1) }} {{ numbers.index(2) }} {{ (1,2,1).count(1) }}",
    "{{ 'aBc'.upper() }}{{ 'aBc'.lower() }}{{ 'hello wORLD'.title() }}{{ \"it's\".title() }}{{ 'hello'.capitalize() }}{{ 'aBc'.swapcase() }} {{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'a'.ljust(3, '.') }} {{ 'a'.rjust(3) }} {{ 'ab'.center(5, '*') }} {{ 'a\\tb'.expandtabs(4) }}",
    "{{ '123'.isdigit() }} {{ '1a'.isdigit() }} {{ '²'.isdigit() }} {{ ''.isdigit() }} {{ 'abé'.isalpha() }} {{ 'a1'.isalnum() }} {{ ' \\t'.isspace() }} {{ 'ABC'.isupper() }} {{ 'abc1'.islower() }} {{ '½'.isnumeric() }} {{ '½'.isdecimal() }} {{ 'é'.isascii() }}", "{{ '{} {}'.format('a', 1) }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x}'.format(x=5) }} {{ '{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd') }} {{ '{:05.1f}|{:,}|{:x}|{:+d}|{:.3}|{:%}|{:e}'.format(2.25, 1234567, 255, 5, 'abcdef', 0.256, 12345.678) }} {{ '{0[k]}{1.b}'.format({'k': 'v'}, map) }} {{ '{{}}{!r}'.format('q') }} {{ '{:{}}|'.format('a', 4) }} {{ '{}'.format(1.0) }} {{ '{:.2}'.format(3.14159) }}",
    "{{ range(10)[1:9:2] }} {{ range(5) | list }} {{ range(2, 8, 3) | list }} {{ range(5, 0, -2) | list }} {{ range(3) }} {{ range(0, 9, 2) }} {{ range(0) | list }} {{ range(5)[-1] }} {{ range(5) | length }} {{ range(3) == range(0, 3) }}", "{{ dict(a=1, b='x') }} {{ dict({'a': 1}, c=3) }} {{ dict([('a', 1)]) }} {% set d = dict(map, b=9) %}{{ d.b }} {{ d | length }}", "{% set j = joiner(', ') %}{% for i in range(3) %}{{ j() }}{{ i }}{% endfor %} {% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}", "{{ namespace(a=1, b='x') }} {% set n = namespace({'q': 2}) %}{{ n.q }}{{ n['q'] }}{% set n.r = [1] %}{{ n.r }}",
    "{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %Y %B %A %a %j %y %I %p %e %-d %-m %% %D %F %T %R %u %w %U %W %c %x %X %C %q') }}", "{{ [1, 2, 3] | last }}{{ (1, 2) | first }}{{ {'a': 1}.a }}{{ 'x'.upper() | lower }}{{ -1 | abs }}{{ 'a' 'b' | upper }}", "{{ x if x is defined and x is number else 'no' }} {{ (x | string) in '789' }} {{ messages[0]['role'] == 'user' and messages[-1].role != 'assistant' }}",
    "{% set a = 'x' %}{% for i in [1] %}{% set b = a ~ i %}{{ b }}{% endfor %}[{{ b }}]", "{% for i in [1, 2] %}{{ q is defined }}{% set q = i %}{{ q }}{% endfor %}", "{% if zero %}0{% elif x > 10 %}big{% elif x == 7 %}seven{% else %}else{% endif %}", "{% if not x or zero %}a{% else %}b{% endif %}{% if nothing is none and '' == empty %}c{% endif %}",
    "{% set it = numbers | select('odd') %}{{ it | list }}{{ it | list }}", "{% set it = numbers | map('string') %}{% for a in it %}{{ a }};{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}{{ it | join(',') }}", "{% for a in numbers | select('number') %}{{ loop.length }}{{ loop.last }}{% endfor %}",
    "{% set ns = namespace(on=true) %}{% for m in numbers if ns.on %}{{ m }}{% if m == 2 %}{% set ns.on = false %}{% endif %}{% endfor %}",
    "{{ '\\u00e9' == 'é' }} {{ 'e\\u0301' == 'é' }} {{ 'ﬀ' | upper }} {{ 'İ' | lower | length }} {{ 'ǆ' | title }}", "{{ (tools[0].function.parameters.properties.keys() | list)[0] }} {{ tools[0]['function']['parameters']['properties']['days']['default'] }} {{ small }} {{ big }} {{ pi }}", "{{ [[]] }}{{ [{}] }}{{ [none, undefined_thing] }}{{ {'a': [1, {'b': (1, 2)}]} }}", "{{ 5 if false }}{{ (5 if false) is defined }}{{ [] or 'e' }}{{ {} and 1 }}", "{{ ('a', 'b') in [('a', 'b')] }}{{ [] == [] }}{{ {} == [] }}{{ 'a' == 1 }}{{ 1 in ['1'] }}", "{%- for m in messages -%}\n  {%- if loop.first -%}\n    first\n  {%- endif -%}\n  {{- m.content -}}\n{%- endfor -%}\n", "\n  {%- set q = 1 -%}  \n\n  {% set w = 2 %}  \n  {{ q }}\n", "{{ 'multi\nline' }}\n{{ x\n}}\n{%\nif x\n%}\ny{% endif %}", "{{ x }}{% if x %} {% endif %}\n  {# a #}{# b #}\n{% set z = 1 %}{% set z = 2 %}\nend",
    "{{ '<'|e + '<' }} {{ '<'|safe + '<' }} {{ '>' + ('<'|e) }} {{ '<'|e ~ '<' }} {{ '<'|e|e }} {{ ('a<'|safe)|upper + '<' }} {{ ('<a>'|safe)[1:] + '\"' }} {{ ('<a>'|safe).replace('<', '&') }} {{ ['<'|e, '>'] | join('&') }} {{ ('<'|safe)|trim + '\\'' }} {{ '<'|safe|forceescape }}",
    "[{{ self.SYSTEM }}]{{ self is defined }}", "{{ [] | truncate(8) }} {{ 'a b' % map }} {{ 'a' % numbers }} {{ 'x' % q }}", "{{ map.items() | first }} {{ (map.items() | list)[-1][1] }} {{ messages | map(attribute='content') | map('length') | list }} {{ messages | length - 1 }} {{ (messages | last)['role'] }}", "{{ {'a': 1}['a'] }} {{ {'a': 1}.get('a') }} {{ [1,2,3][1] }} {{ 'abc'[1:] ~ 'd' }} {{ ('x' ~ 'y').upper() }}", "{{ 10000000000 * 10 }} {{ 9223372036854775807 }} {{ -9223372036854775807 }}",
]

ERRORS = [
    "\n{{ pi[1:] }}", "{{ nothing[1:] }}", "{{ map[1:] }}", "{{ numbers['a':] }}",
    "{{ 1 + 2 ~ 3 }}", "{{ people | selectattr('city.name', 'defined') | list }}",
    "{% for i in x unless y %}{% endfor %}", "{{ none | trim.foo }}", "{% for i in [1] %}\n{{ i.foo.bar }}\n{% endfor %}",
    "a\n{{ x", "a\n\n{% if x %}\nb", "{% for x in y %}\n{% endif %}", "\n{% foo %}", "{{ x | foo }}", "\n\n{{ x is foo }}", "{{ }}", "\n{{ 1 + }}", "{{ (1 }}", "a\n{{ [1, 2 }}", "{{ 1) }}", "\n{% set 1 = 2 %}", "{% set true = 2 %}", "{% for loop in x %}{% endfor %}",
    "a\n{# never", "\n{% raw %}\nx", "{{ 'abc }}", "\n{{ x ? 1 }}", "{% macro m(a=1, b) %}{% endmacro %}", "{% call x %}{% endcall %}", "{{ f(a=1, 2) }}", "{{ x is odd is even }}", "{% if x %}{% else %}{% else %}{% endif %}", "a\n\n{% endfor %}", "{{ x.1.y. }}", "{% include 'x' %}",
    "\n{{ raise_exception('no\nway') }}", "{% if true %}\n{{ raise_exception('x ' ~ 5) }}{% endif %}", "\n\n{{ q.x }}", "a\n{{ q['x'] }}", "{% for m in messages %}\n{{ m.a.b }}{% endfor %}", "\n{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ 1 + 'a' }}", "a\n{{ none + 1 }}", "{{ 1 < 'a' }}", "\n{{ q() }}", "{{ 5() }}", "\n{% for a in 5 %}{% endfor %}", "{% for a, b in [[1]] %}{% endfor %}", "{{ q + 1 }}", "\n{{ range(1000000) }}",
    "{% set l = [] %}\n{{ l.append(1) }}", "\n{{ ''.__class__.__mro__ }}", "{{ '{0.__class__}'.format(x) }}", "\n{{ q | tojson }}", "{{ [1] | map('foo') | list }}", "\n{% set x.y = 1 %}", "{% macro m(a) %}{% endmacro %}\n{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}\n{{ m(b=2) }}", "{{ [3, 'a'] | sort }}", "\n{{ {[1]: 2} }}", "{{ 'abc'.index('z') }}", "{{ '%d' % 'a' }}", "\n{{ '%s %s' % 'a' }}", "{{ x | select('foo') | list }}", "{{ numbers[::0] }}", "{{ none | length }}", "\n{{ 5 | list }}", "{% macro m() %}\n{{ q.x }}{% endmacro %}\n\n{{ m() }}", "{% if false %}{{ x | foo }}{% endif %}\n{{ 'b' if true else ('a' | foo) }}{% if true %}\n{{ x | foo }}{% endif %}", "{{ x\n  | length\n  + q.z }}", "{{ {'a': 1}.pop('a') }}", "{{ messages | map(attribute='content') | tojson }}", "{{ [1,2] | join(5).foo.bar }}", "{{ ''.join([1]) }}", "{{ dict([1]) }}", "{{ int('5') }}", "{{ 'a'.nosuch() }}", "\n{{ messages[0].content.foo.bar }}", "{{ '\\x4' }}", "{% filter foo %}x{% endfilter %}", "{{ x is divisibleby 0 }}", "{{ 2.0 ** 5000 }}", "{{ loop.index }}", "{{ caller() }}", "{% generation %}\n{{ q.a }}{% endgeneration %}", "{% set ns = namespace() %}\n{{ ns.a.b }}",
]


# Where our errors point at another line, and rightly so.
BETTER_LINES = {
    "a\n\n{% if x %}\nb": 3,  # at the block that is open, not at the end
    "\n{% set x.y = 1 %}": 2,  # at the statement: the reference forgets to say where it is
    "{{ x\n  | length\n  + q.z }}": 2,  # at the filter, not at the start of its tag
}


def case(source, variables, name):
    result = {"name": name, "source": source, **render(source, variables)}
    if source in BETTER_LINES:
        result["error"]["line_of_reference"] = result["error"]["line"]
        result["error"]["line"] = BETTER_LINES[source]
    return result


def full(folder):
    results = []
    for file in sorted(folder.glob("*.jinja")):
        source = file.read_bytes().decode()
        results.append({
            "file": file.name,
            "results": {name: render(source, dict(value)) for name, value in CONVERSATIONS.items()},
        })
    return results


def head():
    return {
        "jinja2": jinja2.__version__, "transformers": transformers.__version__,
        "script": hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest(),
        "now": [NOW.year, NOW.month, NOW.day, NOW.hour, NOW.minute, NOW.second],
        "tokens": TOKENS,
    }


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, separators=(",", ": ")) + "\n")


def main():
    if sys.argv[1:2] == ["--folder"]:
        folder = pathlib.Path(sys.argv[2])
        write(folder / "goldens.json",
              {**head(), "conversations": CONVERSATIONS, "templates": full(folder)})
        return
    if sys.argv[1:2] == ["--cases"]:
        cases = json.loads(pathlib.Path(sys.argv[2]).read_text())
        for item in cases:
            item.update(render(item["source"], {**DATA, **item.get("variables", {})}))
        print(json.dumps({**head(), "variables": DATA, "cases": cases}))
        return
    write(HERE / "constructs.json", {
        **head(), "variables": DATA,
        "cases": [case(source, dict(DATA), f"c{index}") for index, source in enumerate(CONSTRUCTS)]})
    write(HERE / "errors.json", {
        **head(), "variables": DATA,
        "cases": [case(source, dict(DATA), f"e{index}") for index, source in enumerate(ERRORS)]})
    write(HERE / "full.json", {
        **head(), "conversations": CONVERSATIONS, "templates": full(HERE)})


if __name__ == "__main__":
    main()
