using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;

namespace MptTools.Cmdlets;

/// <summary>What is to run in a lab host, with all that it needs of its caller: values of $using, arguments, the current directory, preferences.</summary>
internal sealed class LabScript
{
    private const string UsingPrefix = "__mptlab_using_";

    private readonly string text;
    private readonly object?[] arguments;
    private readonly Dictionary<string, object?> values = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, object?> restored = new(StringComparer.OrdinalIgnoreCase);

    private LabScript(string text, object?[] arguments) => (this.text, this.arguments) = (text, arguments);

    /// <summary>Where the caller is; relative paths mean the same in the script.</summary>
    internal required string Directory { get; init; }

    /// <summary>Preference variables that the caller asked for with common parameters, for this script alone.</summary>
    internal required IReadOnlyDictionary<string, object> Preferences { get; init; }

    /// <summary>A program, or any other command, with its words.</summary>
    internal static LabScript OfCommand(string command, string[] words, string directory, IReadOnlyDictionary<string, object> preferences) =>
        new("param($Command, $Words) try { & $Command @Words } catch { throw }", [command, words]) { Directory = directory, Preferences = preferences };

    /// <summary>A script block, made anew in the host: one that is bound to the caller would run where the caller is.</summary>
    /// <param name="valueOf">The value of a caller's variable; null where there is no such variable.</param>
    /// <exception cref="ItemNotFoundException">A variable named with $using is not there.</exception>
    internal static LabScript OfBlock(
        ScriptBlock block, object?[] arguments, Func<string, PSVariable?> valueOf, string directory, IReadOnlyDictionary<string, object> preferences)
    {
        Ast body = block.Ast is ScriptBlockExpressionAst expression ? expression.ScriptBlock : block.Ast;
        string original = block.ToString();
        Dictionary<string, object?> found = new(StringComparer.OrdinalIgnoreCase);
        List<(int Start, int End, string Text)> replacements = [];
        int offset = Offset(body, original);
        foreach (UsingExpressionAst use in body.FindAll(ast => ast is UsingExpressionAst, searchNestedScriptBlocks: true).Cast<UsingExpressionAst>())
        {
            VariableExpressionAst variable = UsingExpressionAst.ExtractUsingVariable(use);
            string name = variable.VariablePath.UserPath;
            if (valueOf(name) is not { } value)
            {
                if (IsOfInnerBlock(use, body))
                {
                    // Of a job or the like that the script itself starts; it is that one's caller, not this one.
                    continue;
                }
                throw new ItemNotFoundException($"The script uses $using:{name}, and the caller has no variable ${name}; set it before.");
            }
            found[name] = value.Value;
            char sigil = variable.Splatted ? '@' : '$';
            replacements.Add((
                variable.Extent.StartOffset - offset, variable.Extent.EndOffset - offset,
                sigil == '@' ? $"@{UsingPrefix}{name}" : $"${{{UsingPrefix}{name}}}"));
        }
        StringBuilder text = new(original);
        foreach ((int start, int end, string replacement) in replacements.OrderByDescending(item => item.Start))
        {
            text.Remove(start, end - start).Insert(start, replacement);
        }
        LabScript script = new(text.ToString(), arguments) { Directory = directory, Preferences = preferences };
        foreach ((string name, object? value) in found)
        {
            script.values.Add(UsingPrefix + name, value);
        }
        return script;
    }

    /// <summary>Gives the runspace what the script needs. On its thread.</summary>
    internal void Prepare(Runspace runspace)
    {
        SessionStateProxy state = runspace.SessionStateProxy;
        state.Path.SetLocation(WildcardPattern.Escape(Directory));
        foreach ((string name, object? value) in values)
        {
            state.SetVariable(name, value);
        }
        foreach ((string name, object value) in Preferences)
        {
            restored[name] = state.GetVariable(name);
            state.SetVariable(name, value);
        }
        state.SetVariable("global:LASTEXITCODE", null);
    }

    /// <summary>Adds the script itself.</summary>
    internal void AddTo(PowerShell shell)
    {
        // In the scope of the session, so that what it sets is there the next time.
        shell.AddScript(text, useLocalScope: arguments.Length > 0);
        foreach (object? argument in arguments)
        {
            shell.AddArgument(argument);
        }
    }

    /// <summary>Takes away again what <see cref="Prepare"/> gave.</summary>
    /// <returns>The exit code of the last program; null: none has run.</returns>
    internal object? CleanUp(Runspace runspace)
    {
        SessionStateProxy state = runspace.SessionStateProxy;
        foreach ((string name, object? value) in restored)
        {
            state.SetVariable(name, value);
        }
        return state.GetVariable("LASTEXITCODE");
    }

    private static bool IsOfInnerBlock(Ast use, Ast body)
    {
        for (Ast? parent = use.Parent; parent is not null && parent != body; parent = parent.Parent)
        {
            if (parent is ScriptBlockAst)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Where the text of the block begins in the file that it was read from.</summary>
    private static int Offset(Ast body, string original)
    {
        string extent = body.Extent.Text;
        int inside = extent.IndexOf(original, StringComparison.Ordinal);
        return body.Extent.StartOffset + Math.Max(inside, 0);
    }
}
