"""Calls to services that speak OpenAI's protocol by the openai package itself, over aiohttp: a quarter of the processor time of litellm.

litellm still says which service a name stands for, and once what its parameters are called; its work on every single call is left out.
"""

from typing import Any

from crosswalk.errors import ModelError
from crosswalk.llm.prompts import Prompt
from crosswalk.llm.service import Service

_SPEAK_OPENAI = {"openai", "hosted_vllm", "lm_studio"}


class Direct:
    """An open connection to one service."""

    def __init__(self, client: Any, fixed: dict[str, Any]) -> None:
        self._client = client
        self._fixed = fixed

    async def call(self, sent: list[dict[str, str]], form: dict[str, Any]) -> dict[str, Any]:
        """One completion as it came; an empty one where what came is no JSON object. Errors are those of the openai package."""
        asked = {**self._fixed, "messages": sent, "response_format": form}
        answer = await self._client.post("/chat/completions", cast_to=object, body=asked)
        return answer if isinstance(answer, dict) else {}

    async def close(self) -> None:
        """Hang up."""
        await self._client.close()


def open_direct(litellm: Any, service: Service, prompt: Prompt) -> Direct | None:
    """Open a service that speaks OpenAI's protocol; None for all others. Raises ModelError when its key is missing."""
    import openai

    try:
        model, provider, key, base = litellm.get_llm_provider(service.model, api_base=service.url)
    except litellm.BadRequestError:
        return None
    if provider not in _SPEAK_OPENAI or (provider != "openai" and not base):
        return None
    names = litellm.utils.get_optional_params(
        model=model, custom_llm_provider=provider, max_tokens=prompt.max_tokens, temperature=0, drop_params=True
    )
    fixed = {name: value for name, value in names.items() if name in ("max_tokens", "max_completion_tokens", "temperature")}
    try:
        client = openai.AsyncOpenAI(
            api_key=key, base_url=base, timeout=service.deadline, max_retries=0, http_client=openai.DefaultAioHttpClient()
        )
    except openai.OpenAIError:
        raise ModelError(
            "the key of the service is missing", where=service.described(), hint="set OPENAI_API_KEY; any word will do for your own server"
        ) from None
    return Direct(client, {"model": model, **fixed})
