"""Chat templates in the manners of the field, and a tokenizer whose special tokens they use."""

from cutaway.text.tokenizer import Tokenizer
from cutaway.text.tokenizer_config import TokenizerConfig
from text.kinds import train

SPECIALS = ("<pad>", "<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot|>")

CHATML = """\
{% for message in messages %}
    {% if loop.first and message.role != 'system' %}
{{ '<|im_start|>system\\nYou are small.<|im_end|>\\n' }}
    {% endif %}
{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{% endif %}
"""
INSTRUCTIONS = """\
{%- if messages[0]['role'] == 'system' -%}
    {%- set told, messages = messages[0]['content'], messages[1:] -%}
{%- endif -%}
{{ bos_token }}
{%- for message in messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('roles must alternate: user, assistant, user …') }}
    {%- endif -%}
    {%- if message['role'] == 'user' -%}
        {{ '[INST] ' + (told + '\\n\\n' if told and loop.last else '') + message['content'] | trim + ' [/INST]' }}
    {%- else -%}
        {{ ' ' + message['content'] | trim + eos_token }}
    {%- endif -%}
{%- endfor -%}
"""
HEADERS = """\
{{- bos_token }}
{%- set year = strftime_now('%Y') %}
{%- for message in messages %}
    {%- if message.content is string %}{% set text = message.content %}{% else %}
        {%- set text = message.content | map(attribute='text') | join(' ') %}{% endif %}
    {{- '<|im_start|>' ~ message.role | upper ~ (' ' ~ year if loop.first) ~ '\\n\\n' ~ text | trim ~ '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>ASSISTANT\\n\\n' }}{%- endif %}
"""
THOUGHTS = """\
{%- macro tool(one) %}{{ one | tojson(indent=2) }}{% endmacro %}
{%- set ns = namespace(last=-1, seen=dict(user=0)) %}
{%- for message in messages[::-1] %}
    {%- if message.role == 'user' %}{% set ns.last = messages | length - 1 - loop.index0 %}{% break %}{% endif %}
{%- endfor %}
{%- if tools %}{% for one in tools %}{{ tool(one) }}{% endfor %}{% endif %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == 'assistant' and '</think>' in content and loop.index0 < ns.last %}
        {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {%- if message.role == 'assistant' %}
        {%- generation %}{{ '<|im_start|>assistant ' + content + '<|im_end|>' }}{%- endgeneration %}
    {%- else %}
        {{- '<|im_start|>' + message.role + tool({'text': content, 'é': [1, 2.5, none]}) + '<|im_end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}
"""
TEMPLATES = {"chatml": CHATML, "instructions": INSTRUCTIONS, "headers": HEADERS, "thoughts": THOUGHTS}

CHAT = [
    {"role": "system", "content": "Be brief, <b> & 'kind'."},
    {"role": "user", "content": "  The cat?\n"},
    {"role": "assistant", "content": "<think>a cat</think>\n\nIt sat."},
    {"role": "user", "content": "naïve café {{ 7 * 7 }}"},
]


def talker(template: str | None, end: str = "</s>") -> Tokenizer:
    inner = train("bpe", SPECIALS)._inner
    roles = {"begin": SPECIALS.index("<s>"), "end": SPECIALS.index(end)}
    return Tokenizer(inner, TokenizerConfig(roles, chat_template=template))
