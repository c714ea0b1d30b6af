using MptTools.Engine.Config;
using MptTools.Engine.DataPlane;

namespace MptTools.Engine.ControlPlane;

/// <summary>Why a packet takes the path it takes, in whole sentences.</summary>
internal static class MappingReason
{
    /// <param name="config">The connection.</param>
    /// <param name="rule">The rule that decides; null where none does.</param>
    /// <param name="decision">What it comes to.</param>
    /// <param name="candidates">The paths it may take, by index.</param>
    internal static string Of(ConnectionConfig config, MappingRule? rule, MappingDecision decision, int[] candidates)
    {
        List<string> sentences = [WhatDecides(config, rule)];
        if (candidates.Length == 0)
        {
            sentences.Add(WhyNone(config, rule));
        }
        else
        {
            sentences.AddRange(WhyThese(config, rule, candidates));
            sentences.Add(WhyThisOne(config, rule, decision, candidates));
            if (candidates.Any(path => config.Paths[path].RateLimit > 0))
            {
                sentences.Add("Whether a rate limit has room at this moment is not considered.");
            }
        }
        return string.Join(' ', sentences);
    }

    private static string WhatDecides(ConnectionConfig config, MappingRule? rule)
    {
        if (rule is not null)
        {
            return $"The packet matches {rule.Title}.";
        }
        return config.Mapping != MappingMode.Combined ? $"The mapping of {config.Name} is {MappingNames.Of(config.Mapping)}."
            : MappingRules.Of(config).Count == 0 ? $"{config.Name} has no rules, so mapping_rest decides: {MappingNames.Of(config.MappingRest)}."
            : $"It matches no rule of {config.Name}, so mapping_rest decides: {MappingNames.Of(config.MappingRest)}.";
    }

    private static string WhyNone(ConnectionConfig config, MappingRule? rule) =>
        config.Status != 0 ? $"The connection is not in use (status = {config.Status}), so the packet is dropped."
        : rule is { Rule: { IsStrict: true, Paths.Count: > 0 } strict } ? $"The rule is strict and {Named(strict.Paths)} down, so the packet is dropped."
        : "No path is up, so the packet is dropped.";

    private static IEnumerable<string> WhyThese(ConnectionConfig config, MappingRule? rule, int[] candidates)
    {
        if (rule is { Rule.Paths: { Count: > 0 } named } && !named.Intersect(candidates).Any())
        {
            yield return $"As {Named(named)} down, it goes by the others.";
        }
        if (rule is not { Rule.Paths.Count: > 0 } && candidates.All(path => config.Paths[path].IsBackup) && !config.Paths.All(path => path.IsBackup))
        {
            yield return "Only backup paths are up.";
        }
    }

    private static string WhyThisOne(ConnectionConfig config, MappingRule? rule, MappingDecision decision, int[] candidates)
    {
        MappingMode rest = config.Mapping == MappingMode.Combined ? config.MappingRest : config.Mapping;
        bool wantsCopies = (rule is null ? rest : rule.Rule.Spread ?? rest) == MappingMode.Duplicate;
        string once = wantsCopies && decision.Spread == MappingMode.Flow && candidates.Length > 1
            ? "It should go on every path, but the peer has not said that it recognises copies, so it is sent once. "
            : "";
        return candidates switch
        {
            [var only] => $"Path {only} is the only one it may take now.",
            _ when decision.Spread == MappingMode.Duplicate => $"A copy goes by each of {Paths(candidates)}.",
            _ when decision.Spread == MappingMode.Priority => WhyFirst(rule, decision.Path),
            _ when decision.Spread == MappingMode.Flow => $"{once}Among {Paths(candidates)}, by their weights, its flow belongs on path {decision.Path}.",
            _ when decision.Spread == MappingMode.Bytes => $"By the weights of {Paths(candidates)} and the bytes sent so far, path {decision.Path} is next.",
            _ => $"By the weights of {Paths(candidates)} and the packets sent so far, path {decision.Path} is next.",
        };
    }

    private static string WhyFirst(MappingRule? rule, int path) =>
        rule?.Rule.Prefer is not { } preferred ? $"Path {path} is of the first path_priority that is up; the next ones are used when there is no room."
        : preferred == path ? $"Path {path} is preferred; the others are used when there is no room."
        : $"Path {preferred} is preferred but down, and among the others path {path} is next.";

    private static string Named(IReadOnlyList<int> paths) => paths.Count == 1 ? $"its path {paths[0]} is" : $"its {Paths(paths)} are";

    private static string Paths(IReadOnlyList<int> paths) => paths.Count == 1
        ? $"path {paths[0]}"
        : $"paths {string.Join(", ", paths.SkipLast(1))} and {paths[^1]}";
}
