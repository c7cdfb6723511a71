#include "libs/messaging/envelope_bodies.h"

#include <algorithm>
#include <utility>

#include "libs/messaging/capnp_frame.h"

namespace cohort {
namespace {

// To copy fewer bytes costs less than to share them.
constexpr size_t kLeastShared = 1024;

void FreeBody(void* /*data*/, void* hint) { delete static_cast<Body*>(hint); }

// A frame over the body's bytes; it keeps them until ZeroMQ has sent it.
zmq::message_t BorrowingFrame(const Body& body) {
  auto owner = std::make_unique<Body>(body);
  const std::string_view view = owner->view();
  zmq::message_t frame(const_cast<char*>(view.data()), view.size(), FreeBody, owner.get());
  owner.release();
  return frame;
}

zmq::message_t PackedFrame(const std::vector<Body>& bodies, size_t bytes) {
  zmq::message_t frame(bytes);
  auto* to = frame.data<char>();
  for (const Body& body : bodies) to = std::copy_n(body.view().data(), body.size(), to);
  return frame;
}

}  // namespace

void BodyPacker::Add(const Body& body, schema::Body::Builder place) {
  if (body.empty()) return;
  place.setSize(body.size());
  if (body.size() > kCopiedBody) {
    frames_.push_back(body);
    place.setFrame(static_cast<uint32_t>(frames_.size()));
    return;
  }
  if (packed_frame_ == 0) {
    frames_.emplace_back();
    packed_frame_ = frames_.size();
  }
  place.setFrame(static_cast<uint32_t>(packed_frame_));
  place.setOffset(static_cast<uint32_t>(packed_bytes_));
  packed_.push_back(body);
  packed_bytes_ += body.size();
}

Frames BodyPacker::Finish(zmq::message_t envelope) && {
  Frames message;
  message.reserve(1 + frames_.size());
  message.push_back(std::move(envelope));
  for (const Body& body : frames_) {
    message.push_back(body.empty() ? PackedFrame(packed_, packed_bytes_) : BorrowingFrame(body));
  }
  return message;
}

BodyResolver::BodyResolver(Frames& frames) : frames_(frames), shared_(frames.size()) {
  for (size_t i = 1; i < frames.size(); ++i) bytes_left_ += frames[i].size();
}

Result<Body> BodyResolver::Resolve(schema::Body::Reader place) {
  const uint64_t frame = place.getFrame();
  const uint64_t offset = place.getOffset();
  const uint64_t size = place.getSize();
  if (frame == 0) {
    if (size != 0) return DataLoss("a body without a frame claims bytes");
    return Body();
  }
  if (frame >= frames_.size()) return DataLoss("a body names a frame that was not sent");
  const size_t frame_size =
      shared_[frame] != nullptr ? shared_[frame]->size() : frames_[frame].size();
  if (offset > frame_size || size > frame_size - offset) {
    return DataLoss("a body reaches beyond its frame");
  }
  if (size > bytes_left_) return DataLoss("bodies overlap");
  bytes_left_ -= size;
  if (size == 0) return Body();
  const bool share = size >= kLeastShared && size >= frame_size / 4 * 3;
  if (share && shared_[frame] == nullptr) {
    shared_[frame] = std::make_shared<zmq::message_t>(std::move(frames_[frame]));
  }
  const zmq::message_t& holder = shared_[frame] != nullptr ? *shared_[frame] : frames_[frame];
  const std::string_view view = FrameView(holder).substr(offset, size);
  return share ? Body::Share(shared_[frame], view) : Body::Copy(view);
}

}  // namespace cohort
