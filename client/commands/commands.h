#pragma once

#include "client/commands/dispatch.h"

namespace phosphene::client {

// Each adds a command and its flags to `app` and what it runs to `dispatch`.
// docs/cli.md is the manual.
void AddFeature(CLI::App& app, Dispatch& dispatch);
void AddSheet(CLI::App& app, Dispatch& dispatch);
void AddInterpolate(CLI::App& app, Dispatch& dispatch);
void AddStyle(CLI::App& app, Dispatch& dispatch);
void AddTexture(CLI::App& app, Dispatch& dispatch);
void AddCppn(CLI::App& app, Dispatch& dispatch);
void AddRender(CLI::App& app, Dispatch& dispatch);
void AddMorph(CLI::App& app, Dispatch& dispatch);
void AddTransparent(CLI::App& app, Dispatch& dispatch);
void AddDream(CLI::App& app, Dispatch& dispatch);
void AddPattern(CLI::App& app, Dispatch& dispatch);
void AddInvert(CLI::App& app, Dispatch& dispatch);
void AddCaricature(CLI::App& app, Dispatch& dispatch);
void AddDiversity(CLI::App& app, Dispatch& dispatch);
void AddBasin(CLI::App& app, Dispatch& dispatch);
void AddSubmit(CLI::App& app, Dispatch& dispatch);
void AddJobs(CLI::App& app, Dispatch& dispatch);
void AddModels(CLI::App& app, Dispatch& dispatch);
void AddDevices(CLI::App& app, Dispatch& dispatch);
void AddCapabilities(CLI::App& app, Dispatch& dispatch);
void AddTop(CLI::App& app, Dispatch& dispatch);

}  // namespace phosphene::client
