"""Names by which assistants and their makers call themselves."""

from __future__ import annotations

# Names that are plain words too, as Falcon or Cohere, are not in it: they would be found in ordinary text.
MODEL_NAMES = (
    "ChatGPT", "GPT", "GPT-1", "GPT-2", "GPT-3", "GPT-3.5", "GPT-3.5-turbo", "GPT-4", "GPT-4-turbo", "GPT-4o",
    "GPT-4o-mini", "GPT-4.1", "GPT-5", "GPT-OSS", "InstructGPT", "OpenAI",
    "Claude", "Claude Instant", "Claude Opus", "Claude Sonnet", "Claude Haiku", "Anthropic",
    "Gemini", "Gemini Pro", "Gemini Ultra", "Gemini Flash", "Gemma", "Bard", "PaLM 2", "LaMDA",
    "Google Bard", "Google Gemini", "Google DeepMind", "DeepMind", "Google AI",
    "Llama", "Llama 2", "Llama 3", "Llama 4", "Code Llama", "Meta AI", "Meta Llama",
    "Mistral", "Mistral AI", "Mixtral", "Ministral", "Codestral", "Magistral",
    "Qwen", "Qwen2", "Qwen2.5", "Qwen3", "QwQ", "Tongyi Qianwen", "Alibaba Cloud",
    "DeepSeek", "DeepSeek-V2", "DeepSeek-V3", "DeepSeek-R1", "SmolLM", "SmolLM2", "SmolLM3", "Hugging Face",
    "Vicuna", "Alpaca", "WizardLM", "Tulu", "Tülu", "OLMo", "Open Assistant", "StableLM", "BLOOMZ",
    "Phi-2", "Phi-3", "Phi-4", "Bing Chat", "Grok", "xAI", "Command R+", "Nemotron", "Yi-34B", "Baichuan",
    "ChatGLM", "GLM-4", "InternLM", "Moonshot AI", "Ernie Bot", "Doubao", "Hunyuan", "DBRX", "Inflection AI",
    "Character.AI",
)  # fmt: skip
