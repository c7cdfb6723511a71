// Files of the repository that a new scorer begins with; CMakeLists.txt makes them texts.
#pragma once

namespace cohort {

extern const char kPythonTemplate[];  // reward_workers/python/cohort_scorers/template.py
extern const char kCTemplate[];       // templates/scorer.c
extern const char kCHeader[];         // reward_workers/plugins/cohort_scorer.h
extern const char kServerTemplate[];  // templates/server.py

}  // namespace cohort
