#include "learner/group_shape.h"

#include <utility>
#include <vector>

#include "libs/scoring/shape.h"

namespace cohort {

void ShapeGroup(const RouteConfig& route, Group& group) {
  if (route.length_weight == 0) return;
  std::vector<GroupSample*> members;
  std::vector<MemberLength> lengths;
  for (GroupSample& sample : group.samples) {
    if (!sample.scored || !sample.scored->outcome.scored()) continue;
    members.push_back(&sample);
    lengths.push_back({sample.scored->rollout.tokens.size(), sample.scored->outcome.correct()});
  }
  const std::vector<double> values = GroupLengthValues(lengths);
  for (size_t i = 0; i < members.size(); ++i) {
    Scored shaped = *members[i]->scored;
    std::vector<RewardComponent> components = shaped.outcome.components();
    components.push_back({kGroupLengthComponent, values[i], route.length_weight});
    Result<Outcome> outcome = Outcome::Scored(shaped.outcome.reason(), std::move(components),
                                              shaped.outcome.correct(), shaped.outcome.detail());
    if (!outcome.ok()) continue;  // all of it is finite
    shaped.outcome = (*std::move(outcome)).With(shaped.outcome.evidence());
    members[i]->scored = std::make_shared<const Scored>(std::move(shaped));
  }
}

}  // namespace cohort
