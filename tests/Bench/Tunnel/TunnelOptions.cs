namespace MptTools.Bench.Tunnel;

/// <summary>The command line of the whole-tunnel benchmark, understood.</summary>
internal sealed record TunnelOptions
{
    internal const string DefaultOutput = "artifacts/bench";

    /// <summary>Less than a minute: the main table alone, one round.</summary>
    internal bool Quick { get; init; }

    /// <summary>Rounds of every section; null: as many as there is time for.</summary>
    internal int? Rounds { get; init; }

    /// <summary>Names of sections, subjects and loads to be measured; empty: all.</summary>
    internal IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Where the files go.</summary>
    internal string Output { get; init; } = DefaultOutput;

    /// <summary>Measure the server inside pwsh as well.</summary>
    internal bool Pwsh { get; init; }

    /// <summary>Understands a command line, or says in a sentence what is wrong with it.</summary>
    internal static TunnelOptions? Parse(IReadOnlyList<string> arguments, out string fault)
    {
        fault = "";
        TunnelOptions options = new();
        for (int i = 0; i < arguments.Count; i++)
        {
            string? value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--quick":
                    options = options with { Quick = true };
                    continue;
                case "--pwsh":
                    options = options with { Pwsh = true };
                    continue;
                case "--rounds" when int.TryParse(value, out int rounds) && rounds is >= 1 and <= 1000:
                    options = options with { Rounds = rounds };
                    break;
                case "--rounds":
                    fault = "--rounds needs a number from 1 to 1000.";
                    return null;
                case "--only" when value is not null:
                    options = options with { Only = [.. options.Only, .. value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)] };
                    break;
                case "--only":
                    fault = "--only needs names, separated by commas.";
                    return null;
                case "--output" when value is not null:
                    options = options with { Output = value };
                    break;
                case "--output":
                    fault = "--output needs a directory.";
                    return null;
                default:
                    fault = $"'{arguments[i]}' is not understood.";
                    return null;
            }
            i++;
        }
        return options;
    }
}
