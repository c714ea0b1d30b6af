using System.Collections;
using System.Globalization;
using System.Management.Automation;
using MptTools.Engine.Config;

namespace MptTools.Cmdlets;

/// <summary>Keys and values as in the files, gathered from typed parameters and -Setting. Values are never shown where they are secret.</summary>
internal sealed class SettingsTable : Dictionary<string, string>
{
    internal SettingsTable() : base(StringComparer.OrdinalIgnoreCase)
    {
    }

    /// <summary>Takes a parameter's value; null says that it was not given.</summary>
    internal void Put(string key, object? value)
    {
        if (value is not null)
        {
            this[key] = TextOf(value);
        }
    }

    /// <summary>Takes the value of a parameter that may be given as nothing, which is as if the key were missing.</summary>
    internal void PutGiven(string key, PSCmdlet cmdlet, string parameter, object? value)
    {
        if (cmdlet.MyInvocation.BoundParameters.ContainsKey(parameter))
        {
            this[key] = value switch
            {
                null => "",
                Array items => ListOf(items) ?? "",
                _ => TextOf(value),
            };
        }
    }

    /// <summary>A list as files write it; null for an empty one, as a CSV file has it for nothing.</summary>
    internal static string? ListOf(Array? items) =>
        string.Join(' ', (items ?? Array.Empty<string>()).Cast<object?>().Where(item => item is not (null or "")).Select(item => TextOf(item!))) is { Length: > 0 } list ? list : null;

    /// <summary>Takes what -Setting gives.</summary>
    /// <returns>The key that a parameter has given already; null where there is none.</returns>
    internal string? Take(Hashtable? settings)
    {
        foreach (DictionaryEntry setting in settings ?? [])
        {
            string key = TextOf(setting.Key);
            if (!TryAdd(key, setting.Value is { } value ? TextOf(value) : ""))
            {
                return key;
            }
        }
        return null;
    }

    /// <summary>Takes what -Setting gives in the place of what stands for parameters that were left out.</summary>
    internal void Override(Hashtable? settings)
    {
        foreach (DictionaryEntry setting in settings ?? [])
        {
            this[TextOf(setting.Key)] = setting.Value is { } value ? TextOf(value) : "";
        }
    }

    /// <summary>As in "weight_out = 3, dead_time = 2".</summary>
    public override string ToString() => string.Join(", ", this.Select(setting => setting switch
    {
        { Key: var key } when key.Equals("auth_key", StringComparison.OrdinalIgnoreCase) => $"{key} = (not shown)",
        { Value.Length: 0 } => $"no {setting.Key}",
        _ => $"{setting.Key} = {setting.Value}",
    }));

    private static string TextOf(object value) => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
    {
        bool yes => yes ? "1" : "0",
        SwitchParameter yes => yes ? "1" : "0",
        RuleSpread spread => spread.ToString().ToLowerInvariant(),
        MappingMode mode => MappingNames.Of(mode),
        Enum named => Convert.ToInt32(named, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        double number when double.IsFinite(number) && Math.Abs(number) < 1e15 => ((decimal)number).ToString("0.#######", CultureInfo.InvariantCulture),
        var other => LanguagePrimitives.ConvertTo<string>(other),
    };
}
