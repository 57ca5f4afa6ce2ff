#pragma once

#include "phosphene/v1/job.pb.h"
#include "server/engine/engine.h"
#include "server/rules/verdict.h"

namespace phosphene {

// Adds what is wrong with the files that a spec names, so that a broken picture
// or mesh is refused when a job is created and not when it runs: pictures as
// TryImage has it, meshes and checkpoints whole. What a file is says the rule
// of its field. Files that are not stored are not told here.
void CheckFiles(const v1::JobSpec& spec, const EngineInputs& inputs,
                Verdict& verdict);

}  // namespace phosphene
