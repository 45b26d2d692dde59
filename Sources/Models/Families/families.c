// Embeds the family files; knows nothing of what they say.
#include "CFamilies.h"

static const unsigned char gpt2[] = {
#embed "gpt2.json"
};
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

static const QuireFamilyFile files[] = {
    {"gpt2", gpt2, sizeof gpt2},          {"llama", llama, sizeof llama},
    {"mistral", mistral, sizeof mistral}, {"qwen2", qwen2, sizeof qwen2},
    {"qwen3", qwen3, sizeof qwen3},
};

QuireFamilyFile quire_family_file(size_t index) {
  if (index < sizeof files / sizeof files[0]) return files[index];
  return (QuireFamilyFile){0, 0, 0};
}
