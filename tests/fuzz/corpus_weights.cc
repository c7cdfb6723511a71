// One message of every kind about weights.
#include <vector>

#include "libs/weights/wire.h"
#include "tests/fuzz/corpus.h"

namespace cohort {

void SeedWeightsMessages(const Corpus& corpus) {
  WeightsOffer offer;
  offer.version = 3;
  offer.digest = {1, 2};
  offer.manifest = {
      {{"a.weight", DType::kFloat32, {2, 3}, 0, 24}, {"b.weight", DType::kBFloat16, {4}, 24, 8}},
      32};
  const std::vector<WeightsMessage> messages = {
      WeightsHello{WeightsProtocolVersion(), "actor-1", 4},
      WeightsFetch{3, 1024, 256},
      WeightsLoaded{3, {1, 2}},
      WeightsFailed{3, "no memory"},
      WeightsPing{},
      WeightsGoodbye{},
      WeightsOffers{8, offer, std::nullopt},
      WeightsOffers{8, offer, offer},
      WeightsChunk{3, 1024},
      WeightsGone{2},
      WeightsVerdict{3, false, "wrong digest"},
      WeightsPong{},
      WeightsWhoAreYou{},
      WeightsRefused{"another version"}};
  for (size_t i = 0; i < messages.size(); ++i) {
    corpus.Seed("weights_message", std::to_string(i), EncodeWeightsMessage(messages[i]));
  }
}

}  // namespace cohort
