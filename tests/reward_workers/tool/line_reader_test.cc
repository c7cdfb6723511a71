#include "reward_workers/tool/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace cohort {
namespace {

using Found = LineReader::Found;

class LineReaders : public ::testing::Test {
 protected:
  LineReaders() { EXPECT_EQ(pipe(ends_), 0); }
  ~LineReaders() override {
    close(ends_[0]);
    Close();
  }

  void Write(const std::string& text) {
    EXPECT_EQ(write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void Close() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

  int ends_[2] = {-1, -1};
  std::string line_;
};

TEST_F(LineReaders, GivesLinesAsTheyCome) {
  LineReader reader(ends_[0]);
  EXPECT_EQ(reader.Next(line_), Found::kNothingYet);
  Write("one\n\ntw");
  EXPECT_EQ(reader.Next(line_), Found::kLine);
  EXPECT_EQ(line_, "one");
  EXPECT_EQ(reader.Next(line_), Found::kLine);
  EXPECT_EQ(line_, "");
  EXPECT_EQ(reader.Next(line_), Found::kNothingYet);
  Write("o\nthree");
  EXPECT_EQ(reader.Next(line_), Found::kLine);
  EXPECT_EQ(line_, "two");
  EXPECT_EQ(reader.Next(line_), Found::kNothingYet);
  Close();
  EXPECT_EQ(reader.Next(line_), Found::kLine);
  EXPECT_EQ(line_, "three");
  EXPECT_EQ(reader.Next(line_), Found::kEnd);
  EXPECT_EQ(reader.Next(line_), Found::kEnd);
}

TEST_F(LineReaders, AnEndWithoutALineIsNone) {
  LineReader reader(ends_[0]);
  Write("one\n");
  Close();
  EXPECT_EQ(reader.Next(line_), Found::kLine);
  EXPECT_EQ(reader.Next(line_), Found::kEnd);
}

}  // namespace
}  // namespace cohort
