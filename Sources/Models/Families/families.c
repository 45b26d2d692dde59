// Embeds the family files; knows nothing of what they say.
#include "CFamilies.h"

static const unsigned char llama[] = {
#embed "llama.json"
};
static const unsigned char mistral[] = {
#embed "mistral.json"
};
static const unsigned char qwen2[] = {
#embed "qwen2.json"
};
static const unsigned char qwen3[] = {
#embed "qwen3.json"
};
static const unsigned char gemma[] = {
#embed "gemma.json"
};
static const unsigned char gemma2[] = {
#embed "gemma2.json"
};
static const unsigned char gemma3[] = {
#embed "gemma3.json"
};
static const unsigned char phi3[] = {
#embed "phi3.json"
};
static const unsigned char smollm3[] = {
#embed "smollm3.json"
};
static const unsigned char olmo2[] = {
#embed "olmo2.json"
};
static const unsigned char granite[] = {
#embed "granite.json"
};
static const unsigned char gpt2[] = {
#embed "gpt2.json"
};
static const unsigned char gpt_neox[] = {
#embed "gpt_neox.json"
};
static const unsigned char bert[] = {
#embed "bert.json"
};
static const unsigned char roberta[] = {
#embed "roberta.json"
};

// In this order families are tried where several fit.
static const QuireFamilyFile files[] = {
    {"llama", llama, sizeof llama},
    {"mistral", mistral, sizeof mistral},
    {"qwen2", qwen2, sizeof qwen2},
    {"qwen3", qwen3, sizeof qwen3},
    {"gemma", gemma, sizeof gemma},
    {"gemma2", gemma2, sizeof gemma2},
    {"gemma3", gemma3, sizeof gemma3},
    {"phi3", phi3, sizeof phi3},
    {"smollm3", smollm3, sizeof smollm3},
    {"olmo2", olmo2, sizeof olmo2},
    {"granite", granite, sizeof granite},
    {"gpt2", gpt2, sizeof gpt2},
    {"gpt_neox", gpt_neox, sizeof gpt_neox},
    {"bert", bert, sizeof bert},
    {"roberta", roberta, sizeof roberta},
};

QuireFamilyFile quire_family_file(size_t index) {
  if (index < sizeof files / sizeof files[0]) return files[index];
  return (QuireFamilyFile){0, 0, 0};
}
