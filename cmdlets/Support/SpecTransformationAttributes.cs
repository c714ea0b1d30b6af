using System.Collections;
using System.Management.Automation;
using System.Reflection;

namespace MptTools.Cmdlets;

/// <summary>
/// Takes what has the properties of a plain settings object for one: the object itself, a hashtable, a row of a CSV file, an object
/// of a running server. Of objects what is not known is passed over; in a hashtable it is a slip of the pen.
/// </summary>
public abstract class SpecTransformationAttribute<T> : ArgumentTransformationAttribute where T : class, new()
{
    private static readonly PropertyInfo[] Properties = typeof(T).GetProperties();

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        EmptyIsNullAttribute.Plain(inputData) is object?[] items ? items.Select(One).ToArray() : new[] { One(inputData) };

    /// <summary>What is needed at least.</summary>
    private protected abstract string Needed { get; }

    /// <summary>What the object is called in messages.</summary>
    private protected abstract string Title { get; }

    private protected virtual T? FromText(string text) => null;

    private T One(object? input)
    {
        switch (EmptyIsNullAttribute.Plain(input))
        {
            case T spec:
                return spec;
            case string text when FromText(text) is { } spec:
                return spec;
            case IDictionary table:
                foreach (object key in table.Keys)
                {
                    if (!Properties.Any(property => property.Name.Equals($"{key}", StringComparison.OrdinalIgnoreCase)))
                    {
                        throw new ArgumentTransformationMetadataException(
                            $"A {Title} has no property {key}. It has {string.Join(", ", Properties.Select(property => property.Name))}.");
                    }
                }
                return Read(name => table.Keys.Cast<object>().FirstOrDefault(key => name.Equals($"{key}", StringComparison.OrdinalIgnoreCase)) is { } key ? table[key] : null, input);
            default:
                PSObject item = PSObject.AsPSObject(input ?? "");
                return Read(name => item.Properties[name]?.Value, input);
        }
    }

    private T Read(Func<string, object?> value, object? input)
    {
        if (value(Needed) is null or "")
        {
            throw new ArgumentTransformationMetadataException($"'{input}' cannot be a {Title}: it has no property {Needed}.");
        }
        var spec = new T();
        foreach (PropertyInfo property in Properties)
        {
            if (EmptyIsNullAttribute.Plain(value(property.Name)) is { } found and not "")
            {
                property.SetValue(spec, Converted(property, found));
            }
        }
        return spec;
    }

    private object Converted(PropertyInfo property, object value)
    {
        if (property.PropertyType == typeof(bool) && value is string text && bool.TryParse(text, out bool yes))
        {
            return yes;
        }
        try
        {
            return LanguagePrimitives.ConvertTo(value, property.PropertyType);
        }
        catch (PSInvalidCastException e)
        {
            throw new ArgumentTransformationMetadataException($"{property.Name} of a {Title} cannot be '{value}': {e.Message}", e);
        }
    }
}

/// <summary>Takes paths in whatever shape they come.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PathSpecTransformationAttribute : SpecTransformationAttribute<MptPathSpec>
{
    private protected override string Needed => nameof(MptPathSpec.Interface);

    private protected override string Title => "path";
}

/// <summary>Takes networks in whatever shape they come, also as the text "source > destination".</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NetworkSpecTransformationAttribute : SpecTransformationAttribute<MptNetworkSpec>
{
    private protected override string Needed => nameof(MptNetworkSpec.Destination);

    private protected override string Title => "network";

    private protected override MptNetworkSpec? FromText(string text) =>
        text.Split('>', StringSplitOptions.TrimEntries) is [{ Length: > 0 } source, { Length: > 0 } destination]
            ? new MptNetworkSpec { Source = source, Destination = destination }
            : null;
}
